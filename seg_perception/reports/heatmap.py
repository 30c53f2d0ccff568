"""Which class was taken for which, at one look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from seg_perception.reports.formatting import count, percent
from seg_perception.reports.svg import box, drawing, words

_SHOWN = 0.0005
_LETTER = 6.2
# Cells that have room for a figure, and those of many classes, whose figures stand in smaller type.
_FEW, _ROOMY, _TIGHT = 24, 26.0, 19.0
_FIGURES = {_ROOMY: 10.0, _TIGHT: 8.0}
_LEAST_FIGURE = 0.005


class ConfusionHeatmap:
    """One row a true class, one column a predicted one; each row sums up to 1."""

    def __init__(
        self, rows: Sequence[str], columns: Sequence[str], counts: NDArray[np.int64]
    ) -> None:
        """Take counts.

        Args:
            rows: names of the true classes.
            columns: names of the predicted ones; a row's own class has the same name.
            counts: int64 (rows, columns).
        """
        self._rows, self._columns, self._counts = list(rows), list(columns), counts
        self._sums = counts.sum(axis=1)
        self._cell = _ROOMY if len(columns) <= _FEW else _TIGHT
        self._left = _LETTER * max((len(name) for name in rows), default=0) + 12
        self._top = _LETTER * max((len(name) for name in columns), default=0) * 0.72 + 18

    def svg(self, label: str) -> Markup:
        """The drawing at a fixed size: its place scrolls where it is too narrow."""
        width = self._left + self._cell * len(self._columns) + self._top * 0.75
        height = self._top + self._cell * len(self._rows) + 6
        parts = [*self._names(), *self._cells()]
        return drawing(width, height, label, parts, scales=False)

    def _names(self) -> Iterator[Markup]:
        for row, name in enumerate(self._rows):
            y = self._top + self._cell * (row + 0.5) + 4
            yield words(self._left - 6, y, name, text_anchor="end")
        for column, name in enumerate(self._columns):
            x, y = self._left + self._cell * (column + 0.5), self._top - 6
            yield words(x, y, name, transform=f"rotate(-45 {x:g} {y:g})")

    def _cells(self) -> Iterator[Markup]:
        for row, true in enumerate(self._rows):
            y = self._top + self._cell * row
            yield box(self._left, y, self._cell * len(self._columns), self._cell - 1, "track")
            for column, predicted in enumerate(self._columns):
                share = self._counts[row, column] / max(self._sums[row], 1)
                if share >= _SHOWN:
                    yield self._filled(row, column, float(share), (true, predicted))
                if share >= _LEAST_FIGURE:
                    yield self._figure(row, column, float(share))

    def _figure(self, row: int, column: int, share: float) -> Markup:
        """The share in whole percent."""
        size = _FIGURES[self._cell]
        x = self._left + self._cell * column + (self._cell - 1) / 2
        y = self._top + self._cell * row + (self._cell - 1) / 2 + 0.36 * size
        style = f"font-size:{size:g}px"
        return words(x, y, f"{100 * share:.0f}", "figure", text_anchor="middle", style=style)

    def _filled(self, row: int, column: int, share: float, names: tuple[str, str]) -> Markup:
        true, predicted = names
        x, y = self._left + self._cell * column, self._top + self._cell * row
        title = (
            f"{true} taken for {predicted}: {percent(share)} "
            f"({count(int(self._counts[row, column]))} of {count(int(self._sums[row]))})"
        )
        kind = "right" if true == predicted else "wrong"
        # The square root lets small confusions be seen.
        opacity = max(0.08, share**0.5)
        side = self._cell - 1
        return box(x, y, side, side, kind, fill_opacity=opacity, title=title)
