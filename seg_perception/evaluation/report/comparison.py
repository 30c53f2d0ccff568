"""Runs beside each other as a page: what became worse stands first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from seg_perception.evaluation.report.agreement import VERDICTS
from seg_perception.evaluation.report.changes import (
    Change,
    ChangeView,
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
from seg_perception.pages.page import render, write_page
from seg_perception.pages.pictures import Album

_PICTURE_BYTES = 7_000_000


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
    changes: tuple[Change, ...]
    pictures: tuple[ChangeView, ...]
    settings: tuple[tuple[str, str, str], ...]


def write_comparison(file: str | Path, baseline: Run, opponents: Sequence[Opponent]) -> Path:
    """Write the page of a comparison.

    Args:
        file: where it goes.
        baseline: the first run.
        opponents: the runs that are compared with it.

    Raises:
        ReportError: a picture is missing or damaged, or the file can't be written.
    """
    path = Path(file)
    write_page(path, draw_comparison(baseline, opponents))
    return path


def draw_comparison(baseline: Run, opponents: Sequence[Opponent]) -> str:
    """The page's text."""
    album = Album(_PICTURE_BYTES)
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


def _views(baseline: Run, opponents: Sequence[Opponent], album: Album) -> Iterator[OpponentView]:
    for place, opponent in enumerate(opponents):
        yield OpponentView(
            section=Section(f"run-{place}", opponent.run.name),
            opponent=opponent,
            changes=tuple(changed_frames(baseline, opponent.run)),
            pictures=tuple(pictured_changes(baseline, opponent.run, album)),
            settings=tuple(settings_that_differ(baseline.results, opponent.run.results)),
        )
