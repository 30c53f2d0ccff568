"""Edges of one scan before one camera: where they are, which way they step, whose half they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.alignment.edge_maps import direction_of
from seg_perception.alignment.edge_points import EdgePoints
from seg_perception.alignment.sums import GROUPS, HALVES
from seg_perception.geometry.camera import CameraModel

Matrix = NDArray[np.float64]

_STILL = np.eye(4)
# Edges of one block of directions, this wide, are of one group: neighbours repeat each other.
_BLOCK_RAD = np.radians(3.0)


@dataclass(frozen=True, eq=False)
class PlacedEdges:
    """Edges near the view.

    Attributes:
        places: float32 (N, 3), metre, their middles in the optical frame.
        drifts: float32 (N, 3), metre, how far they move in one step of the time offsets; none
            where the recording's transforms do not reach, or one offset is all there is.
        directions: intp (N,), as `direction_of` numbers them.
        groups: intp (N,).
    """

    places: NDArray[np.float32]
    drifts: NDArray[np.float32]
    directions: NDArray[np.intp]
    groups: NDArray[np.intp]

    def __len__(self) -> int:
        """Count them."""
        return len(self.places)


def placed(
    edges: EdgePoints,
    T_camera_lidar: NDArray[np.float64],
    at: int,
    as_if: Matrix,
    camera_model: CameraModel,
    beside_view: float,
) -> PlacedEdges:
    """Place edges.

    Args:
        edges: of a scan.
        T_camera_lidar: float64 (K, 4, 4), by offset of the camera's clock.
        at: which of the offsets.
        as_if: float64 (4, 4), applied in the optical frame.
        camera_model: whose view counts.
        beside_view: tangent beyond the picture's border at which edges still count.
    """
    T = as_if @ T_camera_lidar[at]
    edge, outside = (part @ T[:3, :3].T + T[:3, 3] for part in (edges.edge, edges.outside))
    middle = (edge + outside) / 2
    near = _near_view(middle, camera_model, beside_view)
    edge, outside, middle = edge[near], outside[near], middle[near]
    step = _pixels(outside, camera_model) - _pixels(edge, camera_model)
    known = np.isfinite(step).all(axis=1) & step.any(axis=1)
    middle, step = middle[known], step[known]
    places = middle.astype(np.float32)
    drifts = _drifts(places, as_if, T_camera_lidar, at)
    return PlacedEdges(places, drifts, direction_of(step), _group(middle))


def _drifts(
    places: NDArray[np.float32], as_if: Matrix, T_camera_lidar: NDArray[np.float64], at: int
) -> NDArray[np.float32]:
    around = T_camera_lidar[max(at - 1, 0) : at + 2]
    steps = len(around) - 1
    if not steps or not np.isfinite(around).all():
        return np.zeros_like(places)
    T_lidar_camera = np.linalg.inv(as_if @ T_camera_lidar[at])
    before, after = (as_if @ T @ T_lidar_camera for T in (around[0], around[-1]))
    a_step = ((after - before) / steps).astype(np.float32)
    drifts: NDArray[np.float32] = places @ a_step[:3, :3].T + a_step[:3, 3]
    return drifts


def _group(xyz: NDArray[np.float64]) -> NDArray[np.intp]:
    """Which group a place is of, so that blocks beside each other are of different halves."""
    x, y, z = xyz.T
    across = np.floor(np.arctan2(x, z) / _BLOCK_RAD).astype(np.intp)
    down = np.floor(np.arctan2(y, np.hypot(x, z)) / _BLOCK_RAD).astype(np.intp)
    spread = (across // HALVES + 3 * (down // HALVES)) % (GROUPS // HALVES)
    group: NDArray[np.intp] = HALVES * spread + (across + down) % HALVES
    return group


def _pixels(xyz: NDArray[np.float64], camera_model: CameraModel) -> NDArray[np.float64]:
    """Where points appear, also beside the image; not finite where the lens says nothing."""
    u, v, _ = camera_model.image(*camera_model.columns(xyz, _STILL))
    return np.stack([u, v], axis=1)


def _near_view(
    xyz: NDArray[np.float64], camera_model: CameraModel, beside_view: float
) -> NDArray[np.bool_]:
    x, y, z = xyz.T
    left, right, top, bottom = camera_model.slopes
    near: NDArray[np.bool_] = z > 0
    near &= (x > (left - beside_view) * z) & (x < (right + beside_view) * z)
    near &= (y > (top - beside_view) * z) & (y < (bottom + beside_view) * z)
    return near
