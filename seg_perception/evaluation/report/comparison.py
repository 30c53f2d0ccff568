"""Runs beside each other as a page: what became worse stands first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from seg_perception.evaluation.compare import Change, Comparison, RunChange
from seg_perception.evaluation.report.agreement import VERDICTS
from seg_perception.evaluation.report.changes import (
    ChangeView,
    FrameChange,
    Run,
    changed_frames,
    pictured_changes,
)
from seg_perception.evaluation.report.differences import (
    Difference,
    DifferenceTable,
    settings_that_differ,
)
from seg_perception.evaluation.report.figures import show
from seg_perception.evaluation.report.page import Section
from seg_perception.reports.embedded_images import ImageEmbedder
from seg_perception.reports.page import render, write_page

_PICTURE_BYTES = 7_000_000
# Between space and class in the keys of a comparison.
_CLASS = ".iou."


@dataclass(frozen=True)
class Opponent:
    """A run against the first one.

    Attributes:
        run: the later one.
        headline: the differences that decide.
        tables: all the others, by what they belong to.
        notes: what a reader should know of this comparison.
    """

    run: Run
    headline: tuple[Difference, ...]
    tables: tuple[DifferenceTable, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class OpponentView:
    """An opponent as a section of the page."""

    section: Section
    opponent: Opponent
    changes: tuple[FrameChange, ...]
    pictures: tuple[ChangeView, ...]
    settings: tuple[tuple[str, str, str], ...]


def write_comparison(
    file: str | Path, comparison: Comparison, folders: Sequence[str | Path]
) -> Path:
    """Write the page of a comparison.

    Args:
        file: where it goes.
        comparison: what was found.
        folders: of the baseline, then of the other runs in the comparison's order.

    Raises:
        EvaluationError: a run can't be read.
        ReportError: a picture is missing or damaged, or the file can't be written.
    """
    path = Path(file)
    baseline, *others = (Run.read(folder) for folder in folders)
    opponents = [
        opponent(change, baseline, run) for change, run in zip(comparison.runs, others, strict=True)
    ]
    write_page(path, draw_comparison(baseline, opponents))
    return path


def opponent(found: RunChange, baseline: Run, run: Run) -> Opponent:
    """Arrange what was found about one run."""
    numbers = [change for change in found.changes if _CLASS not in change.key]
    titles = {_title(change): None for change in numbers}
    for stream in baseline.results.streams:
        titles.update({f"{stream.name}: classes of {space.name}": None for space in stream.spaces})
    tables = {title: list[Difference]() for title in titles}
    colors = _colors(baseline)
    for change in found.changes:
        tables[_title(change)].append(_difference(change, colors))
    return Opponent(
        run=run,
        headline=tuple(_headlines(numbers, baseline)),
        tables=(
            *(DifferenceTable.sorted(title, rows) for title, rows in tables.items()),
            DifferenceTable.sorted("Timing", _timing(baseline, run)),
        ),
        notes=found.notes,
    )


def _title(change: Change) -> str:
    space, _, name = change.key.partition(_CLASS)
    return f"{change.stream}: classes of {space}" if name else f"{change.stream}: numbers"


def _difference(change: Change, colors: Mapping[str, str], *, stream: bool = False) -> Difference:
    name = change.key.partition(_CLASS)[2] or change.key
    return Difference(
        name=f"{change.stream}: {name}" if stream else name,
        unit="%",
        before=change.before,
        after=change.after,
        value=change.difference,
        low=change.low,
        high=change.high,
        color=colors.get(change.key, ""),
    )


def _headlines(numbers: Sequence[Change], baseline: Run) -> Iterator[Difference]:
    """Of each stream the composite, or the first space's first mean."""
    for stream in baseline.results.streams:
        first = [f"{space.name}.{space.metrics[0].key}" for space in stream.spaces if space.metrics]
        wanted = ("composite", *first[:1])
        by_key = {change.key: change for change in numbers if change.stream == stream.name}
        found = next((by_key[key] for key in wanted if key in by_key), None)
        if found is not None:
            yield _difference(found, {}, stream=True)


def _timing(baseline: Run, run: Run) -> Iterator[Difference]:
    """Medians of the stages; on two machines, or beside other work, they say little."""
    before = {stage.stage: stage.p50_s for stage in baseline.results.timing.stages}
    for stage in run.results.timing.stages:
        first, second = before.get(stage.stage), stage.p50_s
        if first is not None and second is not None:
            yield Difference(
                name=f"{stage.stage}, median",
                unit="s",
                before=first,
                after=second,
                value=second - first,
                larger_is_better=False,
            )


def _colors(run: Run) -> dict[str, str]:
    """Of classes, by the keys of a comparison."""
    return {
        f"{space.name}{_CLASS}{entry.name}": entry.color
        for stream in run.results.streams
        for space in stream.spaces
        for entry in space.classes
    }


def draw_comparison(baseline: Run, opponents: Sequence[Opponent]) -> str:
    """The page's text."""
    album = ImageEmbedder(_PICTURE_BYTES)
    views = list(_views(baseline, opponents, album))
    summary = Section("summary", "Summary")
    return render(
        "compare.html",
        baseline=baseline,
        sections=[summary, *(view.section for view in views)],
        views=views,
        verdicts=[(c.name, c.color) for c in VERDICTS.classes],
        left_out=album.left_out,
        show=show,
    )


def _views(
    baseline: Run, opponents: Sequence[Opponent], album: ImageEmbedder
) -> Iterator[OpponentView]:
    for place, opponent in enumerate(opponents):
        yield OpponentView(
            section=Section(f"run-{place}", opponent.run.name),
            opponent=opponent,
            changes=tuple(changed_frames(baseline, opponent.run)),
            pictures=tuple(pictured_changes(baseline, opponent.run, album)),
            settings=tuple(settings_that_differ(baseline.results, opponent.run.results)),
        )
