"""A difference and how sure it is, as a line of a table."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from seg_perception.reports.formatting import points
from seg_perception.reports.svg import box, drawing, line

_WIDTH, _HEIGHT = 160.0, 16.0


@dataclass(frozen=True)
class IntervalBar:
    """A value between its bounds, around zero.

    Attributes:
        value, low, high: of one unit; the bounds are those of a confidence interval.
        limit: the largest value of the axis; it is the same for all lines of a table.
    """

    value: float
    low: float
    high: float
    limit: float

    def svg(self) -> Markup:
        """The drawing."""
        zero, middle = self._column(0), _HEIGHT / 2
        value = self._column(self.value)
        kind = "right" if self.low > 0 else "wrong" if self.high < 0 else "quiet"
        label = f"{points(self.value)}, between {points(self.low)} and {points(self.high)}"
        parts = [
            line(zero, 0, zero, _HEIGHT, "axis"),
            box(min(zero, value), middle - 4, abs(value - zero), 8, kind),
            line(self._column(self.low), middle, self._column(self.high), middle, "mark"),
        ]
        return drawing(_WIDTH, _HEIGHT, label, parts)

    def _column(self, value: float) -> float:
        share = max(-1.0, min(1.0, value / self.limit)) if self.limit else 0.0
        return _WIDTH / 2 * (1 + share)
