"""A semantic cloud from above: the robot in the middle, forward is up."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.ontology import Ontology
from seg_perception.outputs.pictures import (
    INK,
    PAPER,
    Labels,
    Rgb,
    above,
    legend_strip,
    plate,
    stamp_squares,
)

_RING = (214, 214, 208)
_UNKNOWN = (206, 206, 200)
_ROBOT = (20, 20, 20)
_RING_STEPS_M = (1, 2, 5, 10, 20, 50, 100, 200)


@dataclass(frozen=True)
class BirdsEye:
    """How a cloud is drawn from above.

    Attributes:
        range_m: half the width of the drawn square.
        size_px: its edge.
        point_px: edge of a point.
        ceiling_m: higher points are left out, so that trees do not hide the ground.
        with_legend: name the classes below the picture.
    """

    range_m: float = 40.0
    size_px: int = 1000
    point_px: int = 3
    ceiling_m: float = math.inf
    with_legend: bool = True

    def draw(
        self, xyz: NDArray[np.float32], labels: Labels, ontology: Ontology, title: str = ""
    ) -> Rgb:
        """Draw a cloud with range rings and the robot.

        Args:
            xyz: float (N, 3), metre, a frame with x forward and y left (REP-103).
            labels: uint8 or uint16 (N,); unknown points are pale and below all others.
            ontology: of the labels.
            title: written into the corner.

        Returns:
            uint8 (size_px, size_px, 3), higher with a legend.
        """
        canvas = np.full((self.size_px, self.size_px, 3), PAPER, np.uint8)
        scale = self.size_px / (2 * self.range_m)
        _draw_rings(canvas, self.range_m, scale)
        near = (np.abs(xyz[:, :2]) < self.range_m).all(axis=1) & (xyz[:, 2] < self.ceiling_m)
        xyz, labels = xyz[near], labels[near]
        known = labels != ontology.unknown_id
        order = np.lexsort((xyz[:, 2], known))
        colors = np.where(known[:, None], ontology.palette[labels], np.array(_UNKNOWN, np.uint8))
        pixels = _to_pixels(xyz, scale, self.size_px)
        stamp_squares(canvas, pixels[order], colors[order], self.point_px)
        _label_rings(canvas, self.range_m, scale)
        _draw_robot(canvas)
        if title:
            plate(canvas, title, (14, 24))
        if not self.with_legend:
            return canvas
        return above(
            canvas, legend_strip(ontology, np.unique(labels[known]).tolist(), self.size_px)
        )


def _to_pixels(xyz: NDArray[np.float32], scale: float, size_px: int) -> NDArray[np.int64]:
    centre = size_px / 2
    columns_rows = centre - xyz[:, [1, 0]] * scale
    pixels: NDArray[np.int64] = np.floor(columns_rows).astype(np.int64)
    return pixels


def _rings(range_m: float) -> list[int]:
    step = next((s for s in _RING_STEPS_M if range_m / s <= 5), _RING_STEPS_M[-1])
    return list(range(step, int(range_m) + 1, step))


def _draw_rings(canvas: Rgb, range_m: float, scale: float) -> None:
    middle = canvas.shape[0] // 2
    for ring in _rings(range_m):
        cv2.circle(canvas, (middle, middle), round(ring * scale), _RING, 1, cv2.LINE_AA)
    cv2.line(canvas, (middle, 0), (middle, canvas.shape[0]), _RING, 1)
    cv2.line(canvas, (0, middle), (canvas.shape[1], middle), _RING, 1)


def _label_rings(canvas: Rgb, range_m: float, scale: float) -> None:
    middle = canvas.shape[0] // 2
    for ring in _rings(range_m):
        row = middle - round(ring * scale)
        if row > 40:
            plate(canvas, f"{ring} m", (middle + 6, row + 5))


def _draw_robot(canvas: Rgb) -> None:
    middle = canvas.shape[0] // 2
    arrow = np.array([[0, -15], [9, 11], [0, 6], [-9, 11]]) + middle
    cv2.fillPoly(canvas, [arrow.astype(np.int32)], _ROBOT, cv2.LINE_AA)
    cv2.polylines(canvas, [arrow.astype(np.int32)], isClosed=True, color=INK, lineType=cv2.LINE_AA)
