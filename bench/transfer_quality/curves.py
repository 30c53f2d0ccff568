"""Pictures: wrong share over coverage, and how honest the confidence is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.transfer_quality.conditions import CONDITIONS
from bench.transfer_quality.run import Cell
from bench.transfer_quality.scores import BINS, Score

Array = NDArray[np.float64]

_SIZE, _LEFT, _TOP, _PLOT = (620, 760), 80, 60, (480, 640)
_COLOURS = (
    (180, 60, 20),
    (40, 140, 40),
    (30, 30, 200),
    (160, 60, 160),
    (20, 140, 220),
    (90, 90, 90),
)
_INK, _GRID = (40, 40, 40), (220, 220, 220)
_KEYS = {condition.name: condition.key for condition in CONDITIONS}
_FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True)
class Line:
    """One curve.

    Attributes:
        name: in the legend.
        places: (k, 2), x and y; a single one is drawn as a dot.
    """

    name: str
    places: Array


def write(scores: Mapping[Cell, Score], folder: Path) -> None:
    """Draw one picture of each kind for each source of labels, sensor and number of cameras."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = dict.fromkeys(
        (cell.labels, cell.sensor, cell.cameras, cell.condition) for cell in scores
    )
    for labels, sensor, cameras, condition in kinds:
        rows = {
            cell.method: score
            for cell, score in scores.items()
            if (cell.labels, cell.sensor, cell.cameras, cell.condition)
            == (labels, sensor, cameras, condition)
        }
        name = f"{labels}_{sensor}_{cameras}_{_KEYS[condition]}".replace(" ", "-")
        title = f"{labels}, {sensor}, {cameras} camera(s): {condition}"
        _write(folder / f"purity_{name}.png", purity(title, rows))
        if "ours" in rows:
            _write(folder / f"reliability_{name}.png", reliability(title, rows["ours"]))


def write_overviews(scores: Mapping[Cell, Score], folder: Path) -> None:
    """One sheet for each source of labels and sensor: curves at rest and while turning."""
    for labels, sensor in dict.fromkeys((cell.labels, cell.sensor) for cell in scores):
        name = f"{labels}_{sensor}".replace(" ", "-")
        _write(folder / f"overview_{name}.png", overview(scores, labels, sensor))


def overview(scores: Mapping[Cell, Score], labels: str, sensor: str) -> NDArray[np.uint8]:
    """Both kinds of pictures of one sensor and one camera, at rest and while turning."""
    columns = []
    for key in ("ideal", "motion"):
        condition = next(name for name, known in _KEYS.items() if known == key)
        rows = {
            cell.method: score
            for cell, score in scores.items()
            if (cell.labels, cell.sensor, cell.cameras, cell.condition)
            == (labels, sensor, 1, condition)
        }
        title = f"{labels}, {sensor}: {condition}"
        columns.append(np.vstack([purity(title, rows), reliability(title, rows["ours"])]))
    return np.hstack(columns)


def purity(title: str, rows: Mapping[str, Score]) -> NDArray[np.uint8]:
    """Wrong share against coverage, keeping ever less confident labels."""
    shown = {name: score for name, score in rows.items() if "without" not in name}
    lines = [Line(name, score.purity_by_coverage()) for name, score in shown.items()]
    top = max(float(line.places[:, 1].max()) for line in lines if len(line.places))
    return draw(title, ("coverage", "wrong share"), lines, max(1.1 * top, 0.05))


def reliability(title: str, score: Score) -> NDArray[np.uint8]:
    """Share that is right against the confidence that was given."""
    count, _, right, confidence = score.curve.T
    filled = count > 0
    places = np.stack([confidence[filled] / count[filled], right[filled] / count[filled]], axis=1)
    honest = np.stack([np.linspace(0, 1, BINS), np.linspace(0, 1, BINS)], axis=1)
    error = f"ours, ECE {100 * score.calibration_error:.1f} %"
    lines = [Line(error, places), Line("honest", honest)]
    return draw(title, ("confidence", "right share"), lines, 1.0)


def draw(title: str, axes: tuple[str, str], lines: Sequence[Line], top: float) -> NDArray[np.uint8]:
    """A plot on white; x from 0 to 1, y from 0 to `top`."""
    canvas: NDArray[np.uint8] = np.full((*_SIZE, 3), 255, np.uint8)
    _axes(canvas, title, axes, top)
    for number, line in enumerate(lines):
        colour = _COLOURS[number % len(_COLOURS)]
        place = _pixels(line.places, top)
        if len(place) > 1:
            cv2.polylines(canvas, [place], isClosed=False, color=colour, thickness=2)
        for x, y in place:
            cv2.circle(canvas, (int(x), int(y)), 4, colour, -1, cv2.LINE_AA)
        y = _TOP + 22 + 20 * number
        cv2.line(canvas, (_LEFT + 12, y - 4), (_LEFT + 36, y - 4), colour, 3)
        cv2.putText(canvas, line.name, (_LEFT + 44, y), _FONT, 0.45, _INK, 1, cv2.LINE_AA)
    return canvas


def _axes(canvas: NDArray[np.uint8], title: str, axes: tuple[str, str], top: float) -> None:
    height, width = _PLOT
    for share in np.linspace(0, 1, 6):
        x, y = int(_LEFT + share * width), int(_TOP + height - share * height)
        cv2.line(canvas, (x, _TOP), (x, _TOP + height), _GRID, 1)
        cv2.line(canvas, (_LEFT, y), (_LEFT + width, y), _GRID, 1)
        _text(canvas, f"{100 * share:.0f} %", (x - 18, _TOP + height + 22))
        _text(canvas, f"{100 * share * top:.1f} %", (12, y + 4))
    cv2.rectangle(canvas, (_LEFT, _TOP), (_LEFT + width, _TOP + height), _INK, 1)
    _text(canvas, title, (_LEFT, 30))
    _text(canvas, axes[0], (_LEFT + width // 2 - 30, _TOP + height + 48))
    _text(canvas, axes[1], (8, _TOP - 12))


def _text(canvas: NDArray[np.uint8], text: str, place: tuple[int, int]) -> None:
    cv2.putText(canvas, text, place, _FONT, 0.5, _INK, 1, cv2.LINE_AA)


def _pixels(places: Array, top: float) -> NDArray[np.int32]:
    height, width = _PLOT
    x = _LEFT + places[:, 0] * width
    y = _TOP + height - places[:, 1] / top * height
    return np.stack([x, y], axis=1).round().astype(np.int32)


def _write(path: Path, picture: NDArray[np.uint8]) -> None:
    cv2.imwrite(str(path), picture)
