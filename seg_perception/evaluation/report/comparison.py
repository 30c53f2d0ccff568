"""Runs beside each other as a page: what became worse stands first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from seg_perception.evaluation.compare import Change, Comparison, RunChange
from seg_perception.evaluation.metric_titles import UNDER, title
from seg_perception.evaluation.report.agreement import OUTCOMES
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
# Between class mapping and class in the keys of a comparison.
_CLASS = ".iou."


@dataclass(frozen=True)
class ComparedRun:
    """A run against the first one.

    Attributes:
        run: the later one.
        headline: the differences that decide.
        tables: all the others, by what they belong to.
        unchanged: how many numbers are the same in both.
        notes: what a reader should know of this comparison.
    """

    run: Run
    headline: tuple[Difference, ...]
    tables: tuple[DifferenceTable, ...]
    unchanged: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ComparedRunView:
    """A compared run as a section of the page."""

    section: Section
    compared: ComparedRun
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
    compared_runs = [
        compared_run(change, baseline, run)
        for change, run in zip(comparison.runs, others, strict=True)
    ]
    write_page(path, draw_comparison(baseline, compared_runs))
    return path


def compared_run(found: RunChange, baseline: Run, run: Run) -> ComparedRun:
    """Arrange what was found about one run."""
    numbers = [change for change in found.changes if _CLASS not in change.key]
    changed = [change for change in found.changes if change.changed]
    titles = {_title(change): None for change in numbers}
    for stream in baseline.results.streams:
        titles.update(
            {f"{stream.name}: classes of {mapping.name}": None for mapping in stream.class_mappings}
        )
    tables = {title: list[Difference]() for title in titles}
    colors = _colors(baseline)
    for change in changed:
        tables[_title(change)].append(_difference(change, colors))
    return ComparedRun(
        run=run,
        headline=tuple(_headlines(numbers, baseline)),
        tables=(
            *(DifferenceTable.sorted(title, rows) for title, rows in tables.items()),
            DifferenceTable.sorted("Timing", _timing(baseline, run)),
        ),
        unchanged=len(found.changes) - len(changed),
        notes=found.notes,
    )


def _title(change: Change) -> str:
    if UNDER in change.key:
        return f"{change.stream}: spoilt pictures"
    mapping, _, name = change.key.partition(_CLASS)
    return f"{change.stream}: classes of {mapping}" if name else f"{change.stream}: numbers"


def _difference(change: Change, colors: Mapping[str, str], *, stream: bool = False) -> Difference:
    name = change.key.partition(_CLASS)[2] or title(change.key)
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
    """Of each stream the composite, or the first class mapping's first mean."""
    for stream in baseline.results.streams:
        first = [
            f"{mapping.name}.{mapping.metrics[0].key}"
            for mapping in stream.class_mappings
            if mapping.metrics
        ]
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
        f"{mapping.name}{_CLASS}{entry.name}": entry.color
        for stream in run.results.streams
        for mapping in stream.class_mappings
        for entry in mapping.classes
    }


def draw_comparison(baseline: Run, compared_runs: Sequence[ComparedRun]) -> str:
    """The page's text."""
    embedder = ImageEmbedder(_PICTURE_BYTES)
    views = list(_views(baseline, compared_runs, embedder))
    summary = Section("summary", "Summary")
    return render(
        "compare.html",
        baseline=baseline,
        sections=[summary, *(view.section for view in views)],
        views=views,
        outcomes=[(c.name, c.color) for c in OUTCOMES.classes],
        left_out=embedder.left_out,
        show=show,
    )


def _views(
    baseline: Run, compared_runs: Sequence[ComparedRun], embedder: ImageEmbedder
) -> Iterator[ComparedRunView]:
    for place, compared in enumerate(compared_runs):
        yield ComparedRunView(
            section=Section(f"run-{place}", compared.run.name),
            compared=compared,
            changes=tuple(changed_frames(baseline, compared.run)),
            pictures=tuple(pictured_changes(baseline, compared.run, embedder)),
            settings=tuple(settings_that_differ(baseline.results, compared.run.results)),
        )
