"""Where rays meet triangles (Embree)."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import SegPerceptionError
from seg_perception.simulation.noise import Floats
from seg_perception.simulation.shapes import Mesh

_RAYS_PER_TASK = 16_384


@dataclass(frozen=True)
class RayHits:
    """Where each ray first meets a triangle.

    Attributes:
        distance: float32 (n,), in lengths of the direction; inf where it meets none.
        triangle: int32 (n,), -1 where none.
        normal: float32 (n, 3), of the triangle, not unit length.
    """

    distance: Floats
    triangle: NDArray[np.int32]
    normal: Floats


class Raycaster:
    """One mesh, ready for many rays."""

    def __init__(self, mesh: Mesh) -> None:
        """Build the tree over the triangles.

        Raises:
            SegPerceptionError: the ray caster is not installed.
        """
        scene_module, mesh_module = _embree()
        self._scene = scene_module.EmbreeScene()
        self._mesh = mesh_module.TriangleMesh(self._scene, mesh.vertices, mesh.triangles)

    def cast(self, origins: Floats, directions: Floats) -> RayHits:
        """Follow rays to the first triangle.

        Args:
            origins, directions: float32 (n, 3).
        """
        found = self._run(origins, directions, output=True)
        triangle = np.concatenate([part["primID"] for part in found])
        distance = np.concatenate([part["tfar"] for part in found])
        distance[triangle < 0] = np.inf
        return RayHits(distance, triangle, np.concatenate([part["Ng"] for part in found]))

    def blocked(self, origins: Floats, directions: Floats) -> NDArray[np.bool_]:
        """Say of each ray, bool (n,), whether it meets anything.

        Args:
            origins, directions: float32 (n, 3), metre.
        """
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


@lru_cache(maxsize=1)
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="raycaster")


def _embree() -> tuple[Any, Any]:
    try:
        from embreex import mesh_construction, rtcore_scene
    except ImportError as error:
        msg = "the simulator needs embreex, which is not installed: pip install embreex"
        raise SegPerceptionError(msg) from error
    return rtcore_scene, mesh_construction
