"""Numbers and drawings of a run as the page shows them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from seg_perception.evaluation.calibration import Calibration
from seg_perception.evaluation.metric import Metric
from seg_perception.evaluation.timing import StageTiming
from seg_perception.reports.formatting import NOTHING, count, milliseconds, number, percent
from seg_perception.reports.histogram import DurationHistogram
from seg_perception.reports.reliability import ConfidenceBin, ReliabilityDiagram


@dataclass(frozen=True)
class Tile:
    """One number in large print."""

    name: str
    value: str
    note: str = ""


def show(value: float | None, unit: str) -> str:
    """A value of a metric's unit."""
    if value is None:
        return NOTHING
    if unit == "%":
        return percent(value / 100)
    if unit == "s":
        return milliseconds(value)
    if unit:
        return f"{number(value)} {unit}"
    return count(value) if value == round(value) else number(value)


def interval(metric: Metric) -> str:
    """The metric's 95 % interval in words, or nothing."""
    if metric.low is None or metric.high is None:
        return ""
    return f"{show(metric.low, metric.unit)} to {show(metric.high, metric.unit)}"


def tile(metric: Metric, where: str = "") -> Tile:
    """A metric in large print; `where` is the stream it belongs to."""
    notes = [metric.description, f"95 %: {interval(metric)}" if interval(metric) else ""]
    name = f"{where}: {metric.title}" if where else metric.title
    return Tile(name, show(metric.value, metric.unit), "; ".join(filter(None, notes)))


def tiles(metrics: Iterable[Metric]) -> list[Tile]:
    """Metrics that have a value, in large print."""
    return [tile(metric) for metric in metrics if metric.value is not None]


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
