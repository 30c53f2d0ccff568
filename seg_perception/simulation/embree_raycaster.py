"""Rays and triangles by Embree, of the package embreex."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.simulation.noise import Floats
from seg_perception.simulation.ray_hits import RayHits
from seg_perception.simulation.shapes import Mesh

_RAYS_PER_TASK = 16_384


class EmbreeRaycaster:
    """As `Raycaster`."""

    def __init__(self, scene_module: Any, mesh_module: Any, mesh: Mesh) -> None:
        """Build the tree, with what `load_embree` gives."""
        self._scene = scene_module.EmbreeScene()
        self._mesh = mesh_module.TriangleMesh(self._scene, mesh.vertices, mesh.triangles)

    def cast(self, origins: Floats, directions: Floats) -> RayHits:
        """As `Raycaster.cast`."""
        found = self._run(origins, directions, output=True)
        triangle = np.concatenate([part["primID"] for part in found])
        distance = np.concatenate([part["tfar"] for part in found])
        distance[triangle < 0] = np.inf
        return RayHits(distance, triangle, np.concatenate([part["Ng"] for part in found]))

    def blocked(self, origins: Floats, directions: Floats) -> NDArray[np.bool_]:
        """As `Raycaster.blocked`."""
        found = self._run(origins, directions, query="OCCLUDED")
        hit: NDArray[np.bool_] = np.concatenate(found) >= 0
        return hit

    def _run(self, origins: Floats, directions: Floats, **options: Any) -> list[Any]:
        """Share the rays between threads; the answer does not depend on their number."""
        origins = np.ascontiguousarray(origins, np.float32)
        directions = np.ascontiguousarray(directions, np.float32)
        starts = range(0, max(len(origins), 1), _RAYS_PER_TASK)
        pieces = [slice(start, start + _RAYS_PER_TASK) for start in starts]

        def run(piece: slice) -> Any:
            return self._scene.run(origins[piece], directions[piece], **options)

        return list(_workers().map(run, pieces))


def load_embree() -> tuple[Any, Any] | None:
    """The modules of embreex; None where it is not installed."""
    try:
        from embreex import mesh_construction, rtcore_scene
    except ImportError:
        return None
    return rtcore_scene, mesh_construction


@lru_cache(maxsize=1)
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="raycaster")
