"""Differences between two runs as lines of a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from seg_perception.evaluation.results import Results
from seg_perception.reports.interval import IntervalBar

_LIMIT = 0.9


@dataclass(frozen=True)
class Difference:
    """One number in two runs; shares and their differences are in percent.

    Attributes:
        name, color: of a metric, or of a class.
        unit: `%`, `s`, `Hz`, or empty.
        before, after: None where not defined.
        value: after minus before, paired.
        low, high: its 95 % interval; None where there is none.
        larger_is_better: whether a positive difference is a gain.
    """

    name: str
    unit: str
    before: float | None
    after: float | None
    value: float | None
    low: float | None = None
    high: float | None = None
    color: str = ""
    larger_is_better: bool = True

    @property
    def verdict(self) -> str:
        """`worse` or `better` where the interval leaves zero out, else empty."""
        if self.low is None or self.high is None or self.low <= 0 <= self.high:
            return ""
        return "better" if (self.low > 0) == self.larger_is_better else "worse"


@dataclass(frozen=True)
class DifferenceTable:
    """Differences that belong together, regressions first."""

    title: str
    rows: tuple[Difference, ...]

    @classmethod
    def sorted(cls, title: str, rows: Iterable[Difference]) -> DifferenceTable:
        """What surely became worse, then what may have, to what became better."""
        return cls(title, tuple(sorted(rows, key=_rank)))

    def bar(self, row: Difference) -> Markup:
        """The row's difference on the axis of its table; empty without a difference."""
        if row.value is None or row.unit != "%":
            return Markup("")
        value, low, high = row.value, _or(row.low, row.value), _or(row.high, row.value)
        return IntervalBar(value / 100, low / 100, high / 100, self._limit()).svg()

    def _limit(self) -> float:
        """One huge difference must not hide the others: it is cut off at the axis' end."""
        ends = [abs(e) for r in self.rows if r.unit == "%" for e in (r.value, r.low, r.high) if e]
        ends.sort()
        return ends[int(_LIMIT * (len(ends) - 1))] / 100 if ends else 1.0


def settings_that_differ(before: Results, after: Results) -> list[tuple[str, str, str]]:
    """What was not the same in the two runs: name, and the value in either."""
    return [
        (key, _text(first.get(key)), _text(second.get(key)))
        for first, second in _documents(before, after)
        for key in dict.fromkeys([*first, *second])
        if first.get(key) != second.get(key)
    ]


def _documents(before: Results, after: Results) -> Iterator[Sequence[Mapping[str, Any]]]:
    yield [{"model": r.model.name, "engine": r.model.engine} for r in (before, after)]
    yield [
        {"protocol": r.protocol.name, "source": ", ".join(r.source.paths)} for r in (before, after)
    ]
    yield before.configuration, after.configuration
    yield [{f"sha256 of {n}": h for n, h in r.hashes.items()} for r in (before, after)]
    yield [{f"version of {n}": v for n, v in r.versions.items()} for r in (before, after)]


def _rank(row: Difference) -> tuple[int, float, str]:
    order = {"worse": 0, "": 1, "better": 2}[row.verdict]
    gain = row.value or 0.0
    return order, gain if row.larger_is_better else -gain, row.name


def _or(value: float | None, other: float) -> float:
    return other if value is None else value


def _text(value: Any) -> str:
    return "" if value is None else str(value)
