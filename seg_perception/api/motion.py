"""Where the cloud's sensor was and when: what the core looks up in a tree of transforms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from seg_perception.api.arrays import as_rigid
from seg_perception.core.errors import TransformError
from seg_perception.core.types import NANOSECONDS
from seg_perception.geometry.transforms import TransformTree

Matrix = NDArray[np.float64]
Poses = Callable[[int], Any] | tuple[Sequence[int] | NDArray[np.int64], Any]
FIXED, LIDAR = "fixed", "lidar"
_STEP_NS = NANOSECONDS // 1000
# The core asks how fast a camera moves by its pose so long before an image.
MARGIN_NS = NANOSECONDS // 20
# Longer spans are sampled in as many steps.
_MOST_STEPS = 5000
_LONGEST_S = 3600.0


class TransformSource(Protocol):
    """Transforms of a recording, such as a bag's."""

    def tree_around(self, first_ns: int, last_ns: int) -> TransformTree:
        """A tree that knows what the recording knows of the time from `first_ns` to `last_ns`."""


def tree_of(transforms: TransformTree | TransformSource, times_ns: Sequence[int]) -> TransformTree:
    """The transforms around some times."""
    if isinstance(transforms, TransformTree):
        return transforms
    return transforms.tree_around(min(times_ns) - MARGIN_NS, max(times_ns))


def mounted_tree(mounts: Iterable[tuple[str, Matrix]]) -> TransformTree:
    """A tree in which cameras sit beside the lidar.

    Args:
        mounts: each camera's frame and T_camera_lidar, float64 (4, 4).
    """
    tree = TransformTree(_LONGEST_S, max_gap_s=_LONGEST_S)
    for frame, T_camera_lidar in mounts:
        tree.set_static(LIDAR, frame, inverse(T_camera_lidar))
    return tree


def inverse(T: Matrix) -> Matrix:
    """The inverse of a rigid transform, float64 (4, 4)."""
    back = np.eye(4)
    back[:3, :3] = T[:3, :3].T
    back[:3, 3] = -T[:3, :3].T @ T[:3, 3]
    return back


def move(tree: TransformTree, poses: Poses, times_ns: Sequence[int]) -> None:
    """Let the lidar of a tree move.

    Args:
        tree: of `mounted_tree`.
        poses: T_fixed_lidar, (4, 4), metre, as a function of the time (nanosecond), or stamps
            (n,) and poses (n, 4, 4).
        times_ns: of images and points: the span that has to be known.

    Raises:
        TransformError: no rigid transforms, or stamps that do not rise.
    """
    if callable(poses):
        _sample(tree, poses, min(times_ns) - MARGIN_NS, max(times_ns))
        return
    stamps_ns, transforms = poses
    stamps = np.asarray(stamps_ns)
    matrices = np.asarray(transforms, np.float64)
    if stamps.dtype.kind not in "iu" or matrices.shape != (len(stamps), 4, 4):
        msg = (
            "poses: expected a function, or (stamps_ns, T_fixed_lidar) of whole numbers (n,) and "
            f"(n, 4, 4), got {stamps.dtype} {stamps.shape} and {matrices.shape}; seconds times "
            "1e9 are nanoseconds"
        )
        raise TransformError(msg)
    for stamp_ns, T in zip(stamps.tolist(), matrices, strict=True):
        tree.set_timed(FIXED, LIDAR, stamp_ns, as_rigid(T, f"poses at {stamp_ns}"))


def _sample(tree: TransformTree, pose: Callable[[int], Any], first_ns: int, last_ns: int) -> None:
    step_ns = max(_STEP_NS, (last_ns - first_ns) // _MOST_STEPS)
    for stamp_ns in [*range(first_ns, last_ns, step_ns), last_ns]:
        T = as_rigid(pose(stamp_ns), f"poses({stamp_ns})")
        tree.set_timed(FIXED, LIDAR, stamp_ns, T)
