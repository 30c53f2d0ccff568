"""The race of `subpixel` on RELLIS-3D: a scan and a picture that people labelled, and the model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.transfer_quality.point_lookups import BestOfFour
from bench.transfer_quality.real import coarse
from bench.transfer_quality.samples import Rellis
from bench.transfer_quality.subpixel_rows import MODEL, Row, exact_ways, model_ways, with_bounds
from bench.transfer_quality.subpixel_scan import seen_by_us, view_of
from bench.transfer_quality.tapped_model import TappedModel

Labels = NDArray[np.uint8]

_UNKNOWN = 255
_SAME = np.arange(256, dtype=np.uint8)


def rellis(real: Path) -> str:
    """Labels that are not the point's own, by people, of those given: a table."""
    sample, model = Rellis(real), TappedModel()
    tapped = model.label(sample.picture.frame)
    painted = exact_ways(sample.painted(), tapped.label_map, 1 + int(sample.mask.max()))
    tables = coarse(sample.ontology), coarse(model.ontology)
    truth = tables[0][sample.truth]
    lines = [
        "| labels | read as | ground, plants or else is wrong | class is wrong |",
        "|---" * 4 + "|",
    ]
    for row in with_bounds([*painted, *model_ways(tapped, model)], sample.truth):
        is_model = row.source == MODEL
        rough = _wrong(sample, *_in_table(row, tables[is_model], truth), truth)
        # The model's classes are not those of the painters.
        fine = "-" if is_model else f"{_wrong(sample, row, _SAME, sample.truth):.2f}"
        source = MODEL if is_model else "painted"
        lines.append(f"| {source} | {row.name} | {rough:.2f} | {fine} |")
    return "\n".join(lines)


def _in_table(row: Row, table: Labels, truth: Labels) -> tuple[Row, Labels]:
    """A bound knows the truth that is asked for; all else is looked up behind it."""
    if not isinstance(row.lookup, BestOfFour):
        return row, table
    lookup = BestOfFour(table[row.lookup.map], truth)
    return replace(row, lookup=lookup), _SAME


def _wrong(sample: Rellis, row: Row, table: Labels, truth: Labels) -> float:
    """Percent of the labels."""
    view = view_of(row.base, sample.picture.T_camera_lidar)
    predicted = seen_by_us(sample.xyz, view, row.lookup, _UNKNOWN).labels.labels
    labelled = predicted != _UNKNOWN
    wrong = table[predicted[labelled]] != truth[labelled]
    return 100 * float(wrong.mean())
