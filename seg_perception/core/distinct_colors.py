"""Colours for classes that nobody gave one: each as far from the others as there is room."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

_STEP = 17
# Unknown is black, and pages are white.
_TAKEN = ("#000000", "#ffffff")


def distinct_colors(count: int, taken: Sequence[str] = ()) -> list[str]:
    """Colours as `#rrggbb`; the first ones stay the same when more are asked for.

    Each is the one of a grid that lies farthest, as the eye sees it (CIE Lab), from all before.

    Args:
        count: how many.
        taken: `#rrggbb` that somebody chose, to keep away from.
    """
    rgb, lab = _grid()
    nearest = np.full(len(lab), np.inf, np.float32)
    for color in (*_TAKEN, *taken):
        nearest = np.minimum(nearest, _distance(lab, _lab(_bytes(color))[0]))
    chosen = []
    for _ in range(count):
        best = int(nearest.argmax())
        chosen.append("#" + rgb[best].tobytes().hex())
        nearest = np.minimum(nearest, _distance(lab, lab[best]))
    return chosen


@cache
def _grid() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """uint8 (4096, 3) RGB, and the same in CIE Lab, float32 (4096, 3)."""
    axis = np.arange(0, 256, _STEP).astype(np.uint8)
    rgb = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    return rgb, _lab(rgb)


def _bytes(color: str) -> NDArray[np.uint8]:
    return np.frombuffer(bytes.fromhex(color[1:]), np.uint8)[None]


def _lab(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """CIE Lab, float32 (N, 3), of RGB, uint8 (N, 3)."""
    scaled = rgb[None].astype(np.float32) / np.float32(255)
    return np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2LAB)[0], np.float32)


def _distance(lab: NDArray[np.float32], color: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.linalg.norm(lab - color, axis=1), np.float32)
