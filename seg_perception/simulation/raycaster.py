"""Where rays meet triangles: by Embree, or by Open3D where there are no wheels of embreex."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import SegPerceptionError
from seg_perception.simulation.embree_raycaster import EmbreeRaycaster, load_embree
from seg_perception.simulation.noise import Floats
from seg_perception.simulation.open3d_raycaster import Open3dRaycaster
from seg_perception.simulation.ray_hits import RayHits
from seg_perception.simulation.shapes import Mesh


class Raycaster(Protocol):
    """One mesh, ready for many rays."""

    def cast(self, origins: Floats, directions: Floats) -> RayHits:
        """Follow rays to the first triangle.

        Args:
            origins, directions: float32 (n, 3).
        """
        ...

    def blocked(self, origins: Floats, directions: Floats) -> NDArray[np.bool_]:
        """Say of each ray, bool (n,), whether it meets anything.

        Args:
            origins, directions: float32 (n, 3), metre.
        """
        ...


def create_raycaster(mesh: Mesh) -> Raycaster:
    """Build the tree over the triangles of a mesh.

    Raises:
        SegPerceptionError: neither library is there.
    """
    embree = load_embree()
    if embree is not None:
        return EmbreeRaycaster(*embree, mesh)
    try:
        return Open3dRaycaster(mesh)
    except SegPerceptionError as error:
        msg = f"the simulator needs embreex (x86-64: pip install embreex) or Open3D ({error})"
        raise SegPerceptionError(msg) from error
