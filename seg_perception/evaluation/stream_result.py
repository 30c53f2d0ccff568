"""Everything about one camera, lidar or radar, or about the images of a data set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from seg_perception.evaluation.calibration import Calibration
from seg_perception.evaluation.class_scores import ClassMappingResult, Slice
from seg_perception.evaluation.document import Document
from seg_perception.evaluation.frame_score import FrameScore
from seg_perception.evaluation.metric import Metric


class Unit(Document):
    """What the bootstrap draws: a sequence, or a block of one.

    Attributes:
        sequence: of the data set, or a bag.
        name: the sequence's, with the block where it was cut.
        frames: how many.
        pairs: (true id, predicted id, count), in the ontologies' own ids.
    """

    sequence: str
    name: str
    frames: int
    pairs: tuple[tuple[int, int, int], ...]


class Pairing(Document):
    """Which truth went with which labels.

    Attributes:
        tolerance_s: largest distance of their stamps; 0 for files, which go by name.
        paired: pairs that were scored.
        without_truth, without_labels: those that found no partner.
        refused: pairs that can't be compared, by reason.
    """

    tolerance_s: float
    paired: int
    without_truth: int = 0
    without_labels: int = 0
    refused: Mapping[str, int] = {}


class StreamResult(Document):
    """Everything about one camera, lidar or radar, or about the images of a data set.

    Attributes:
        name: `camera.front`, `lidar.top`, `images`.
        kind: what is labelled.
        labels, truth: topics or folders.
        metrics: the composite, purity and coverage, agreement across time, pairing.
        class_mappings: in the protocol's order.
        slices: by range, region, condition, sequence.
        frames: worst and typical ones and some by lot, with pictures; all are in `frames.jsonl`.
        units: for intervals, and for comparing runs.
    """

    name: str
    kind: Literal["image", "lidar", "radar"]
    labels: str
    truth: str
    pairing: Pairing
    metrics: tuple[Metric, ...]
    class_mappings: tuple[ClassMappingResult, ...]
    slices: tuple[Slice, ...] = ()
    calibration: Calibration | None = None
    frames: tuple[FrameScore, ...] = ()
    units: tuple[Unit, ...] = ()
