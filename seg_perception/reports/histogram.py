"""How long something took, each time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup

from seg_perception.reports.formatting import milliseconds
from seg_perception.reports.svg import box, drawing, line, words

_WIDTH, _HEIGHT = 300.0, 96.0
_LEFT, _TOP, _BOTTOM = 8.0, 26.0, 22.0
_STEPS = (1, 2, 5)


class DurationHistogram:
    """Bars over a logarithmic axis of time, with marks."""

    def __init__(self, edges_s: Sequence[float], counts: Sequence[int]) -> None:
        """Take a histogram.

        Args:
            edges_s: one more than counts, rising, positive (second).
            counts: durations between two edges.
        """
        filled = [index for index, count in enumerate(counts) if count]
        first, last = (filled[0], filled[-1]) if filled else (0, 0)
        self._edges_s = list(edges_s[first : last + 2])
        self._counts = list(counts[first : last + 1])
        # A single duration still needs an axis to stand on.
        self._low = math.log(self._edges_s[0] / 1.15)
        self._high = math.log(self._edges_s[-1] * 1.15)

    def svg(self, label: str, marks_s: Mapping[str, float]) -> Markup:
        """The drawing.

        Args:
            label: says in words what it shows.
            marks_s: names of durations that are marked (second).
        """
        height = _TOP + _HEIGHT + _BOTTOM
        parts = [*self._axis(), *self._bars(), *self._marks(marks_s)]
        return drawing(_LEFT + _WIDTH + 8, height, label, parts)

    def _bars(self) -> Iterator[Markup]:
        most = max(self._counts, default=0) or 1
        base = _TOP + _HEIGHT
        for low, high, count in zip(
            self._edges_s[:-1], self._edges_s[1:], self._counts, strict=True
        ):
            height = _HEIGHT * count / most
            x = self._column(low)
            width = max(1.0, self._column(high) - x - 0.5)
            title = f"{milliseconds(low)} to {milliseconds(high)}: {count}"
            yield box(x, base - height, width, height, "fill", title=title)

    def _marks(self, marks_s: Mapping[str, float]) -> Iterator[Markup]:
        """Names stand in two rows, for percentiles lie close together."""
        for row, (name, value_s) in enumerate(marks_s.items()):
            if math.isfinite(value_s) and value_s > 0:
                x, top = self._column(value_s), 10 + 11 * (row % 2)
                anchor = "end" if x > _LEFT + 0.8 * _WIDTH else "start"
                yield line(x, top - 6, x, _TOP + _HEIGHT, "mark")
                offset = -3 if anchor == "end" else 3
                yield words(x + offset, top, name, text_anchor=anchor)

    def _axis(self) -> Iterator[Markup]:
        base = _TOP + _HEIGHT
        yield line(_LEFT, base, _LEFT + _WIDTH, base, "axis")
        taken = -math.inf
        for value_s in self._ticks_s():
            x = self._column(value_s)
            if x - taken > 44:
                taken = x
                yield line(x, base, x, base + 4, "axis")
                yield words(x, base + 16, milliseconds(value_s), text_anchor="middle")

    def _ticks_s(self) -> list[float]:
        decades = range(math.floor(self._low / math.log(10)), math.ceil(self._high / math.log(10)))
        steps = [step * 10.0**decade for decade in decades for step in _STEPS]
        inside = [s for s in steps if self._low <= math.log(s) <= self._high]
        return inside or [math.exp((self._low + self._high) / 2)]

    def _column(self, duration_s: float) -> float:
        share = (math.log(duration_s) - self._low) / (self._high - self._low)
        return _LEFT + _WIDTH * min(max(share, 0.0), 1.0)
