"""Is a confidence of 80 % right in 80 % of the cases?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from seg_perception.reports.formatting import percent
from seg_perception.reports.svg import box, drawing, line, words

_SIDE = 240.0
_LEFT, _TOP, _GAP, _STRIP, _BOTTOM = 40.0, 10.0, 8.0, 46.0, 36.0
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class ConfidenceBin:
    """Labels of about one confidence.

    Attributes:
        lowest, highest: the bin's edges, 0 to 1.
        count: labels in it.
        confidence, accuracy: their means, 0 to 1; not looked at where the count is 0.
    """

    lowest: float
    highest: float
    count: int
    confidence: float
    accuracy: float


class ReliabilityDiagram:
    """Accuracy over confidence, and below how many labels there are of each confidence.

    (Guo et al., On Calibration of Modern Neural Networks, 2017, figure 1.)
    """

    def __init__(self, bins: Sequence[ConfidenceBin]) -> None:
        """Take bins in order of confidence."""
        self._bins = [entry for entry in bins if entry.count]
        self._total = sum(entry.count for entry in bins)

    def svg(self, label: str) -> Markup:
        """The drawing; `label` says in words what it shows."""
        width = _LEFT + _SIDE + 12
        height = _TOP + _SIDE + _GAP + _STRIP + _BOTTOM
        return drawing(width, height, label, [*self._frame(), *self._bars(), *self._strip()])

    def _bars(self) -> Iterator[Markup]:
        for entry in self._bins:
            x, width = _LEFT + entry.lowest * _SIDE, (entry.highest - entry.lowest) * _SIDE - 1
            reached, claimed = _row(entry.accuracy), _row(entry.confidence)
            title = (
                f"confidence {percent(entry.confidence)}: right in {percent(entry.accuracy)} "
                f"of {entry.count}"
            )
            yield box(x, reached, width, _row(0) - reached, "fill", title=title)
            kind = "over" if entry.confidence > entry.accuracy else "under"
            yield box(x, min(reached, claimed), width, abs(reached - claimed), kind, title=title)
        yield line(_LEFT, _row(0), _LEFT + _SIDE, _row(1), "ideal")

    def _strip(self) -> Iterator[Markup]:
        base = _TOP + _SIDE + _GAP + _STRIP
        most = max((entry.count for entry in self._bins), default=1)
        for entry in self._bins:
            height = _STRIP * entry.count / most
            x, width = _LEFT + entry.lowest * _SIDE, (entry.highest - entry.lowest) * _SIDE - 1
            title = f"{percent(entry.count / self._total)} of the labels"
            yield box(x, base - height, width, height, "quiet", title=title)
        yield line(_LEFT, base, _LEFT + _SIDE, base, "axis")
        for share in _TICKS:
            x = _LEFT + share * _SIDE
            yield words(x, base + 14, f"{share:g}", text_anchor="middle")
        yield words(_LEFT + _SIDE / 2, base + 29, "confidence", text_anchor="middle")

    @staticmethod
    def _frame() -> Iterator[Markup]:
        for share in _TICKS:
            yield line(
                _LEFT, _row(share), _LEFT + _SIDE, _row(share), "axis" if not share else "grid"
            )
            yield words(_LEFT - 6, _row(share) + 4, f"{share:g}", text_anchor="end")
        middle = _TOP + _SIDE / 2
        turn = f"rotate(-90 9 {middle:g})"
        yield words(9, middle, "share that is right", text_anchor="middle", transform=turn)


def _row(share: float) -> float:
    return _TOP + _SIDE * (1 - share)
