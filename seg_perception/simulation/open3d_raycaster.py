"""Rays and triangles by Open3D, which has wheels for aarch64."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.io.open3d_library import load_open3d
from seg_perception.simulation.noise import Floats
from seg_perception.simulation.ray_hits import RayHits
from seg_perception.simulation.shapes import Mesh


class Open3dRaycaster:
    """As `Raycaster`."""

    def __init__(self, mesh: Mesh) -> None:
        """Build the tree over the triangles.

        Raises:
            SegPerceptionError: Open3D is not there.
        """
        self._open3d = load_open3d("ray casting")
        self._scene = self._open3d.t.geometry.RaycastingScene()
        vertices = np.ascontiguousarray(mesh.vertices, np.float32)
        triangles = np.ascontiguousarray(mesh.triangles, np.uint32)
        self._scene.add_triangles(self._tensor(vertices), self._tensor(triangles))

    def cast(self, origins: Floats, directions: Floats) -> RayHits:
        """As `Raycaster.cast`."""
        found = self._scene.cast_rays(self._rays(origins, directions))
        distance: Floats = found["t_hit"].numpy()
        # No triangle is the largest number, which becomes -1.
        triangle = found["primitive_ids"].numpy().view(np.int32)
        return RayHits(distance, triangle, found["primitive_normals"].numpy())

    def blocked(self, origins: Floats, directions: Floats) -> NDArray[np.bool_]:
        """As `Raycaster.blocked`."""
        found = self._scene.test_occlusions(self._rays(origins, directions))
        hit: NDArray[np.bool_] = found.numpy()
        return hit

    def _rays(self, origins: Floats, directions: Floats) -> Any:
        return self._tensor(np.concatenate([origins, directions], axis=1).astype(np.float32))

    def _tensor(self, array: NDArray[Any]) -> Any:
        return self._open3d.core.Tensor(np.ascontiguousarray(array))
