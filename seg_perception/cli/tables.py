"""Summaries as tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from seg_perception.types import PointStatus

if TYPE_CHECKING:
    from seg_perception.evaluation.latency import Percentiles
    from seg_perception.ledger import StreamCount
    from seg_perception.replay import ReplaySummary

_STATUSES = (
    PointStatus.LABELLED,
    PointStatus.OCCLUDED,
    PointStatus.OUT_OF_VIEW,
    PointStatus.INVALID,
)


def replay_summary(summary: ReplaySummary) -> None:
    """Print what a replay did."""
    console = Console()
    console.print(streams_table(summary.streams, summary.duration_s))
    if summary.points:
        console.print(points_table(summary.points))
    console.print(stages_table(summary.stages))
    speed = summary.duration_s / summary.wall_s if summary.wall_s else 0.0
    console.print(
        f"{summary.duration_s:.1f} s of {summary.bag} in {summary.wall_s:.1f} s,",
        f"{speed:.2f} x real time, with {summary.engine}",
        soft_wrap=True,
        highlight=False,
    )
    console.print(f"written: {summary.output}", soft_wrap=True, highlight=False)


def streams_table(streams: Mapping[str, StreamCount], duration_s: float) -> Table:
    """Where every message went."""
    table = _table("messages", "stream", "received", "published", "Hz", "in flight", "dropped")
    for name, count in streams.items():
        reasons = ", ".join(f"{n} {reason}" for reason, n in sorted(count.dropped.items()))
        rate = f"{count.published / duration_s:.1f}" if duration_s else "-"
        table.add_row(
            name,
            str(count.received),
            str(count.published),
            rate,
            str(count.in_flight),
            reasons or "0",
        )
    return table


def points_table(points: Mapping[str, Mapping[PointStatus, int]]) -> Table:
    """What became of the points, as shares of all."""
    headers = [status.name.lower().replace("_", " ") for status in _STATUSES]
    table = _table("points", "sensor", "points", *headers, "other")
    for sensor, tally in points.items():
        total = sum(tally.values())
        shares = [tally[status] for status in _STATUSES]
        cells = [_share(n, total) for n in (*shares, total - sum(shares))]
        table.add_row(sensor, str(total), *cells)
    return table


def stages_table(stages: Mapping[str, Percentiles]) -> Table:
    """How long the stages took."""
    table = _table("time", "stage", "count", "p50 ms", "p95 ms", "p99 ms")
    for name, figures in stages.items():
        if figures.count:
            cells = (figures.p50_s, figures.p95_s, figures.p99_s)
            table.add_row(name, str(figures.count), *(f"{1e3 * cell:.2f}" for cell in cells))
    return table


def _table(title: str, *headers: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for index, header in enumerate(headers):
        table.add_column(header, justify="left" if index == 0 else "right")
    return table


def _share(part: int, total: int) -> str:
    return f"{part / total:.1%}" if total else "-"
