"""Calibration and durations of a run as drawings."""

from __future__ import annotations

import math
from dataclasses import dataclass

from markupsafe import Markup

from seg_perception.evaluation.results import Calibration, StageTiming
from seg_perception.reports.formatting import milliseconds
from seg_perception.reports.histogram import DurationHistogram
from seg_perception.reports.reliability import ConfidenceBin, ReliabilityDiagram


@dataclass(frozen=True)
class StageView:
    """How long a stage took, with its histogram; empty where none was recorded."""

    timing: StageTiming
    histogram: Markup


def reliability(calibration: Calibration, stream: str) -> Markup:
    """The reliability diagram."""
    bins = [
        ConfidenceBin(b.low, b.high, b.count, _number(b.confidence), _number(b.accuracy))
        for b in calibration.bins
    ]
    return ReliabilityDiagram(bins).svg(
        f"Reliability diagram of {stream}: share of right labels over their confidence"
    )


def stage(timing: StageTiming) -> StageView:
    """A stage and its histogram."""
    if not any(timing.counts):
        return StageView(timing, Markup(""))
    marks = {"p50": timing.p50_s, "p95": timing.p95_s, "p99": timing.p99_s}
    known = {name: value for name, value in marks.items() if value is not None}
    label = f"Durations of {timing.stage}: median {milliseconds(timing.p50_s)}"
    histogram = DurationHistogram(timing.edges_s, timing.counts)
    return StageView(timing, histogram.svg(label, known))


def _number(value: float | None) -> float:
    return math.nan if value is None else value
