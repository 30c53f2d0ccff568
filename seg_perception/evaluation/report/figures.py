"""Numbers of a run as the page shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from seg_perception.evaluation.results import Metric
from seg_perception.reports.formatting import NOTHING, count, milliseconds, number, percent


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
    name = f"{where}: {metric.key}" if where else metric.key
    return Tile(name, show(metric.value, metric.unit), "; ".join(filter(None, notes)))


def tiles(metrics: Iterable[Metric]) -> list[Tile]:
    """Metrics that have a value, in large print."""
    return [tile(metric) for metric in metrics if metric.value is not None]
