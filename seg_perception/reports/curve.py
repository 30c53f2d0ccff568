"""A number over a few steps, small enough to stand in a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from markupsafe import Markup

from seg_perception.reports.svg import drawing, line, tag

_WIDTH, _HEIGHT, _MARGIN = 120.0, 28.0, 3.0
_FULL = 100.0


class Curve:
    """Percentages from left to right; the drawing's foot is 0, its top 100."""

    def __init__(self, values: Sequence[float | None]) -> None:
        """Take the values; where one is not defined the line is broken."""
        self._values = values

    def svg(self, label: str) -> Markup:
        """The drawing; `label` says in words what it shows."""
        base = line(0, _HEIGHT - _MARGIN, _WIDTH, _HEIGHT - _MARGIN, "axis")
        return drawing(_WIDTH, _HEIGHT, label, [base, *self._segments(), *self._dots()])

    def _segments(self) -> Iterator[Markup]:
        for first, second in pairwise(self._points()):
            if first is not None and second is not None:
                yield line(*first, *second, "curve")

    def _dots(self) -> Iterator[Markup]:
        for point in self._points():
            if point is not None:
                yield tag("circle", cx=point[0], cy=point[1], r=2, class_="fill")

    def _points(self) -> Iterator[tuple[float, float] | None]:
        steps = max(len(self._values) - 1, 1)
        for number, value in enumerate(self._values):
            if value is None:
                yield None
                continue
            share = min(max(value / _FULL, 0.0), 1.0)
            x = _MARGIN + (_WIDTH - 2 * _MARGIN) * number / steps
            yield x, _HEIGHT - _MARGIN - (_HEIGHT - 2 * _MARGIN) * share
