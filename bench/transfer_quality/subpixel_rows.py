"""The ways to read labels that are compared, for one picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.transfer_quality.point_lookups import (
    BestOfFour,
    Features,
    Lookup,
    Nearest,
    Scores,
    averaged,
    best_few,
)
from bench.transfer_quality.tapped_model import Tapped, TappedModel
from seg_perception.core.types import LabelMap
from seg_perception.geometry.calibration import scale_calibration

Labels = NDArray[np.uint8]

EXACT, MODEL = "exact labels", "default model"
NEAREST = "nearest pixel"
_FEW = 4


@dataclass(frozen=True)
class Row:
    """One way to read labels.

    Attributes:
        source: whose labels.
        name: of the way.
        lookup: of one picture.
        base: the label map that tells visibility and confidence.
    """

    source: str
    name: str
    lookup: Lookup
    base: LabelMap


def exact_ways(exact: LabelMap, like: LabelMap, classes: int) -> list[Row]:
    """What a network without errors could tell.

    Args:
        exact: labels at the picture's size.
        like: a label map of the network's size.
        classes: how many there are.
    """
    small = resized(exact, like)
    height, width = small.labels.shape
    quarter = averaged(exact.labels, (width // 4, height // 4), classes)
    whole = averaged(exact.labels, (width, height), classes)
    return [
        Row(EXACT, "nearest pixel of the picture", Nearest(exact.labels), exact),
        Row(EXACT, NEAREST, Nearest(small.labels), small),
        Row(EXACT, "shares of classes, interpolated", Scores(whole, whole.nbytes), small),
        Row(EXACT, "the same at a quarter", Scores(quarter, quarter.nbytes), small),
    ]


def model_ways(tapped: Tapped, model: TappedModel) -> list[Row]:
    """What the model tells of a picture."""
    base, scores = tapped.label_map, tapped.scores
    ways: dict[str, Lookup] = {
        NEAREST: Nearest(base.labels),
        "scores of all classes, interpolated": Scores(scores, scores.nbytes),
        f"scores of the best {_FEW}, interpolated": best_few(scores, _FEW),
        "features, interpolated": Features(tapped.features, model.weight, model.bias),
    }
    return [Row(MODEL, name, lookup, base) for name, lookup in ways.items()]


def with_bounds(rows: list[Row], truth: Labels) -> list[Row]:
    """Behind the rows of each source what could be won at most between its pixels.

    Args:
        rows: those of one source stand together.
        truth: uint8 (N,), of a scan's points.
    """
    bases = {row.source: row.base for row in rows if row.name == NEAREST}
    bounds = [
        Row(source, "bound: the best of four pixels", BestOfFour(base.labels, truth), base)
        for source, base in bases.items()
    ]
    return sorted([*rows, *bounds], key=lambda row: list(bases).index(row.source))


def resized(label_map: LabelMap, like: LabelMap) -> LabelMap:
    """A label map at another one's size: the label in the middle of each pixel."""
    height, width = like.labels.shape
    labels, confidence = (
        np.asarray(
            cv2.resize(values, (width, height), interpolation=cv2.INTER_NEAREST_EXACT), np.uint8
        )
        for values in (label_map.labels, label_map.confidence)
    )
    calibration = label_map.calibration and scale_calibration(label_map.calibration, width, height)
    return replace(label_map, labels=labels, confidence=confidence, calibration=calibration)
