"""Pictures of a calibration: edges of a scan over the image, and curves of how well they fit."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.alignment.evidence import Evidence
from seg_perception.calibration.hypotheses import Hypothesis
from seg_perception.outputs.pictures import INK, PAPER, Rgb, above, fit, plate, text

_WIDTH = 960
_AGREES, _SILENT, _CONTRADICTS = (0, 190, 80), (255, 190, 0), (225, 30, 40)
_CLEAR = 0.1
_LINE, _BAND, _GRID = (30, 90, 170), (196, 214, 236), (218, 218, 212)
_PLOT_WIDTH, _PLOT_HEIGHT, _MARGIN = 320, 220, 44
_APART_PX, _LEAST_HEIGHT = 28, 0.01


def edges_picture(evidence: Evidence, as_if: Hypothesis, title: str) -> Rgb:
    """The image, and the edges of the scan where they would appear.

    An edge is green where the image has an edge along it, red where it has one beside it, yellow
    where both or neither.

    Args:
        evidence: of one observation.
        as_if: the calibration with which the edges are projected.
        title: written into the corner.

    Returns:
        uint8 (h, 960, 3), RGB.
    """
    photo = evidence.observations[0].picture
    scale = _WIDTH / photo.shape[1]
    picture: Rgb = fit(photo, _WIDTH, round(photo.shape[0] * scale)).copy()
    places, values = as_if.placed(evidence).seen(np.eye(4), as_if.shift_px)
    for (u, v), value in zip((places + 0.5) * scale, values, strict=True):
        color = _AGREES if value > _CLEAR else _CONTRADICTS if value < -_CLEAR else _SILENT
        cv2.circle(picture, (round(u), round(v)), 2, color, cv2.FILLED, cv2.LINE_AA)
    plate(picture, title, (14, 24), 0.5)
    plate(picture, _caption(values), (14, picture.shape[0] - 12), 0.45)
    return picture


def _caption(values: NDArray[np.float64]) -> str:
    on, beside = np.count_nonzero(values > _CLEAR), np.count_nonzero(values < -_CLEAR)
    return (
        f"edges of the scan: {on} on one of the picture (green), {beside} beside one (red), "
        f"{len(values) - on - beside} neither"
    )


def curves_picture(plots: Sequence[Plot], columns: int = 3) -> Rgb:
    """Plots in rows of `columns`: uint8 (rows * 220, columns * 320, 3), RGB."""
    drawn = [plot.draw() for plot in plots]
    while len(drawn) % columns:
        drawn.append(np.full_like(drawn[0], PAPER))
    rows = [np.concatenate(drawn[i : i + columns], axis=1) for i in range(0, len(drawn), columns)]
    return above(*rows)


class Plot:
    """A curve with its standard errors, and where it is highest."""

    def __init__(
        self,
        title: str,
        amounts: NDArray[np.float64],
        values: NDArray[np.float64],
        stds: NDArray[np.float64],
        marks: Sequence[float],
    ) -> None:
        """Take what is drawn.

        Args:
            title: above the curve.
            amounts, values, stds: float64 (n,).
            marks: amounts at which thin lines stand; a thick one stands at 0.
        """
        self._title = title
        self._amounts, self._values, self._stds = amounts, values, stds
        self._marks = marks
        low, high = float((values - stds).min()), float((values + stds).max())
        self._low = min(low, 0.0)
        self._high = max(high, self._low + _LEAST_HEIGHT)

    def draw(self) -> Rgb:
        """uint8 (220, 320, 3)."""
        canvas = np.full((_PLOT_HEIGHT, _PLOT_WIDTH, 3), PAPER, np.uint8)
        for mark in (*self._marks, 0.0):
            top, bottom = self._at(mark, self._high), self._at(mark, self._low)
            cv2.line(canvas, top, bottom, INK if mark == 0 else _GRID, 1, cv2.LINE_AA)
        upper = self._line(self._values + self._stds)
        lower = self._line(self._values - self._stds)
        line = self._line(self._values)
        band = canvas.copy()
        cv2.fillPoly(band, [np.concatenate([upper, lower[::-1]])], _BAND, cv2.LINE_AA)
        canvas = cv2.addWeighted(band, 0.7, canvas, 0.3, 0).astype(np.uint8, copy=False)
        cv2.polylines(canvas, [line], False, _LINE, 2, cv2.LINE_AA)
        self._write(canvas)
        return canvas

    def _line(self, values: NDArray[np.float64]) -> NDArray[np.int32]:
        places = [self._at(x, y) for x, y in zip(self._amounts, values, strict=True)]
        return np.array(places, np.int32)

    def _write(self, canvas: Rgb) -> None:
        text(canvas, self._title, (10, 18), 0.42)
        text(canvas, f"{self._high:.2f}", (4, _MARGIN + 4), 0.36)
        text(canvas, f"{self._low:.2f}", (4, _PLOT_HEIGHT - _MARGIN + 4), 0.36)
        written: list[int] = []
        for mark in (self._amounts[0], 0.0, self._amounts[-1], *self._marks):
            column, _ = self._at(mark, self._low)
            if all(abs(column - other) > _APART_PX for other in written):
                text(canvas, f"{mark:g}", (column - 12, _PLOT_HEIGHT - 24), 0.36)
                written.append(column)

    def _at(self, amount: float, value: float) -> tuple[int, int]:
        across = (amount - self._amounts[0]) / (self._amounts[-1] - self._amounts[0])
        up = (value - self._low) / (self._high - self._low)
        return (
            round(_MARGIN + across * (_PLOT_WIDTH - 1.5 * _MARGIN)),
            round(_PLOT_HEIGHT - _MARGIN - up * (_PLOT_HEIGHT - 2 * _MARGIN)),
        )
