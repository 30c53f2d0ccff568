"""Summaries as tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from seg_perception.core.types import PointStatus

if TYPE_CHECKING:
    from seg_perception.calibration.finding import Finding
    from seg_perception.core.durations import Percentiles
    from seg_perception.core.message_accounting import StreamCount
    from seg_perception.demo.scores import TopicScores
    from seg_perception.demo.summary import StreamAccount
    from seg_perception.outputs.labelled_video import VideoSummary
    from seg_perception.replay import ReplaySummary

_WIDTH = 140
_STATUSES = (
    PointStatus.LABELLED,
    PointStatus.OCCLUDED,
    PointStatus.OUT_OF_VIEW,
    PointStatus.CONTRADICTED,
    PointStatus.INVALID,
)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the command, whose exit code 1 says something else."""
        raise BrokenPipeError


def console() -> Console:
    """Standard output; wide enough for a table where it is no terminal."""
    found = _Console()
    return found if found.is_terminal else _Console(width=_WIDTH)


def replay_summary(summary: ReplaySummary) -> None:
    """Print what a replay did."""
    out = console()
    out.print(streams_table(summary.streams, summary.duration_s))
    if summary.points:
        out.print(points_table(summary.points))
    for camera, found in summary.conventions.items():
        out.print(f"camera.{camera}: {found}", soft_wrap=True, highlight=False)
    for camera, state in summary.calibration.items():
        out.print(f"calibration of camera.{camera}: {state}", soft_wrap=True, highlight=False)
    out.print(stages_table(summary.stages))
    speed = summary.duration_s / summary.wall_s if summary.wall_s else 0.0
    out.print(
        f"{summary.duration_s:.1f} s of {summary.bag} in {summary.wall_s:.1f} s,",
        f"{speed:.2f} x real time, with {summary.engine}",
        soft_wrap=True,
        highlight=False,
    )
    out.print(f"written: {summary.output}", soft_wrap=True, highlight=False)
    if summary.map is not None and summary.map.file:
        made = summary.map
        text = (
            f"written: {made.file}, {made.voxels} voxels of {made.entered} points in {made.frame}"
        )
        out.print(text, soft_wrap=True, highlight=False)
    if summary.video is not None:
        out.print(video_line(summary.video), soft_wrap=True, highlight=False)


def video_line(video: VideoSummary) -> str:
    """What became of a video, in one line."""
    if not video.file:
        return "no video: no image was labelled"
    cut = f", {video.cuts} gaps cut to a second" if video.cuts else ""
    return f"written: {video.file}, {video.pictures} pictures, {video.duration_s:.1f} s{cut}"


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
    remembers = any(counts[PointStatus.REMEMBERED] for counts in points.values())
    statuses = (*_STATUSES, PointStatus.REMEMBERED) if remembers else _STATUSES
    headers = [status.name.lower().replace("_", " ") for status in statuses]
    table = _table("points", "sensor", "points", *headers, "other")
    for sensor, counts in points.items():
        total = sum(counts.values())
        shares = [counts[status] for status in statuses]
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


def account_table(account: Mapping[str, StreamAccount]) -> Table:
    """Every message from the player through the node to the recorder."""
    headers = ("sent", "lost", "received", "published", "Hz", "in flight", "dropped", "recorded")
    table = _table("messages", "stream", *headers, "complete")
    for name, entry in account.items():
        reasons = ", ".join(f"{n} {reason}" for reason, n in sorted(entry.dropped.items())) or "0"
        numbers = (entry.sent, entry.lost, entry.received, entry.published)
        rest = (f"{entry.rate_hz:.1f}", str(entry.in_flight), reasons, str(entry.recorded))
        table.add_row(name, *map(str, numbers), *rest, "yes" if entry.complete else "NO")
    return table


def latency_table(latency: Mapping[str, Percentiles]) -> Table:
    """From the sensor's stamp to the subscriber."""
    table = _table("from stamp to subscriber", "topic", "count", "p50 ms", "p95 ms", "p99 ms")
    for topic, figures in latency.items():
        cells = (figures.p50_s, figures.p95_s, figures.p99_s)
        table.add_row(topic, str(figures.count), *(f"{1e3 * cell:.0f}" for cell in cells))
    return table


def scores_table(scores: Mapping[str, TopicScores]) -> Table:
    """Agreement with the truth."""
    table = _table("against the truth", "topic", "compared", "labelled", "accuracy", "mean IoU")
    for topic, found in scores.items():
        shares = (found.labelled, found.accuracy, found.mean_iou)
        table.add_row(topic, str(found.count), *(f"{share:.1%}" for share in shares))
    return table


def calibration_table(finding: Finding) -> Table:
    """The place and clock under which a camera's pictures fit the scans best, and how surely."""
    from seg_perception.alignment.pose import SHIFTS
    from seg_perception.alignment.rotation_search import AXES

    table = _table("", "component", "fits best at", "halves apart")
    for k, axis in enumerate(AXES):
        best = f"{finding.turn_deg[k]:+.2f} ± {finding.turn_interval_deg[k]:.2f} deg"
        table.add_row(axis, best, f"{finding.search.halves_deg[k]:.1f} deg")
    for k, way in enumerate(SHIFTS if finding.pose else ()):
        best = f"{100 * finding.shift_m[k]:+.1f} ± {100 * finding.shift_interval_m[k]:.1f} cm"
        table.add_row(way, best, "")
    if finding.clock_interval_s:
        late, half = 1000 * finding.clock_s, 1000 * finding.clock_interval_s
        table.add_row("clock", f"{late:+.1f} ± {half:.1f} ms", "")
    return table
