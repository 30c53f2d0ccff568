"""Validation scores as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seg_perception.training.validation import Scores


def score_tables(scores: Mapping[str, Scores], never_certain: Sequence[str] = ()) -> str:
    """One table per class and one per category: a column for each data set.

    Args:
        scores: by data set.
        never_certain: classes that no training pixel names for certain.
    """
    classes = _table("class", {name: score.classes for name, score in scores.items()})
    categories = _table("category", {name: score.categories for name, score in scores.items()})
    tables = f"{classes}\n\n{categories}"
    if not never_certain:
        return tables
    return f"{tables}\n\nNo training pixel names for certain: {', '.join(never_certain)}."


def _table(what: str, columns: Mapping[str, Mapping[str, float]]) -> str:
    rows = list(dict.fromkeys(row for column in columns.values() for row in column))
    lines = [f"| {what} | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    lines += [
        f"| {row} | {' | '.join(_cell(column.get(row)) for column in columns.values())} |"
        for row in rows
    ]
    means = (f"**{sum(column.values()) / len(column):.3f}**" for column in columns.values())
    return "\n".join([*lines, f"| **mean** | {' | '.join(means)} |"])


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
