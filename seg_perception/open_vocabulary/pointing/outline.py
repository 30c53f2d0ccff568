"""Cuboids in a picture: the box around each, and what is hidden behind nearer ones."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.datasets.viking_hill import Cuboids
from seg_perception.geometry.camera import CameraModel
from seg_perception.open_vocabulary.pointing.truth import LEAST_PX
from seg_perception.open_vocabulary.prompts import Box

# Points along each edge of a face.
_STEPS = 33
# What is seen of less is hidden.
_LEAST_SEEN = 0.2
_MASK_PX = 4


@dataclass(frozen=True, eq=False)
class Outline:
    """A cuboid in a picture.

    Attributes:
        number: its place among the cuboids.
        box: around it, pixel; edges of pixels are whole numbers.
        hull: int32 (K, 1, 2), its silhouette, pixel.
        distance: of its nearest point, metre.
    """

    number: int
    box: Box
    hull: NDArray[np.int32]
    distance: float


def outlines(
    cuboids: Cuboids, T_camera_cuboids: NDArray[np.float64], camera: CameraModel
) -> list[Outline]:
    """Those that are in the picture, the nearest first.

    Args:
        cuboids: in any frame.
        T_camera_cuboids: float64 (4, 4), from that frame into the camera's optical one.
        camera: its lens.
    """
    found = [_outline(number, cuboids, T_camera_cuboids, camera) for number in range(len(cuboids))]
    return sorted((one for one in found if one is not None), key=lambda one: one.distance)


def hidden(found: list[Outline], size: tuple[int, int]) -> set[int]:
    """Numbers of the cuboids of which nearer ones leave less than a fifth.

    Args:
        found: the nearest first.
        size: width and height of the picture.
    """
    taken = np.zeros((size[1] // _MASK_PX + 1, size[0] // _MASK_PX + 1), np.uint8)
    behind = set()
    for one in found:
        own = np.zeros_like(taken)
        cv2.fillConvexPoly(own, one.hull // _MASK_PX, (1,))
        seen = np.count_nonzero(own & ~taken & 1)
        if seen < _LEAST_SEEN * np.count_nonzero(own):
            behind.add(one.number)
        taken |= own
    return behind


def _outline(
    number: int, cuboids: Cuboids, T_camera_cuboids: NDArray[np.float64], camera: CameraModel
) -> Outline | None:
    surface = _SURFACE * cuboids.extents[number]
    points = surface @ cuboids.rotations[number].T + cuboids.centers[number]
    hits = camera.hits(points, T_camera_cuboids)
    if not len(hits.index):
        return None
    pixels = np.stack([hits.u, hits.v], axis=1)
    # Pixel n reaches from n to n + 1 in a box, and from n - 0.5 to n + 0.5 in a lens.
    low, high = pixels.min(axis=0) + 0.5, pixels.max(axis=0) + 0.5
    if len(hits.index) < len(points):
        low, high = _to_borders(low, high, np.array([camera.width, camera.height]))
    if np.prod(high - low) < LEAST_PX:
        return None
    hull = cv2.convexHull(np.rint(pixels).astype(np.int32))
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return Outline(number, box, np.asarray(hull, np.int32), float(hits.depth.min()))


def _to_borders(
    low: NDArray[np.float64], high: NDArray[np.float64], size: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of a cuboid that the picture cuts: its last points before a border stand for the border."""
    step = 2 * (high - low) / _STEPS
    return np.where(low < step, 0.0, low), np.where(size - high < step, size, high)


def _surface() -> NDArray[np.float64]:
    """Points on the faces of a cube of edge 1 around the origin, float64 (N, 3)."""
    along = np.linspace(-0.5, 0.5, _STEPS)
    one, other = (grid.ravel() for grid in np.meshgrid(along, along))
    faces = [
        np.insert(np.stack([one, other], axis=1), axis, side, axis=1)
        for axis in range(3)
        for side in (-0.5, 0.5)
    ]
    return np.concatenate(faces)


_SURFACE = _surface()
