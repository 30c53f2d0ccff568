"""How the frames of a cloud and of its cameras lie to each other: as given, or as recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from seg_perception.api.arrays import as_rigid
from seg_perception.api.motion import (
    FIXED,
    LIDAR,
    Matrix,
    Poses,
    TransformSource,
    mounted_tree,
    move,
    tree_of,
)
from seg_perception.api.notices import warn
from seg_perception.api.view import View
from seg_perception.core.errors import TransformError
from seg_perception.core.types import LabelMap, PointCloud
from seg_perception.geometry.transforms import TransformTree

# No robot carries its sensors so far apart.
_FAR_M = 50.0


@dataclass(frozen=True, eq=False)
class Scene:
    """A cloud and label maps in frames that a tree knows.

    Attributes:
        cloud, label_maps: as painted.
        tree: of transforms.
        fixed_frame: that rests; empty: the robot is taken as at rest.
    """

    cloud: PointCloud
    label_maps: tuple[LabelMap, ...]
    tree: TransformTree
    fixed_frame: str


class Placement(Protocol):
    """Where a cloud lies before its cameras."""

    @property
    def is_moving(self) -> bool:
        """Whether stamps say where things were."""

    def scene(
        self,
        cloud: PointCloud,
        views: Sequence[View],
        label_maps: Sequence[LabelMap],
        times_ns: Sequence[int],
    ) -> Scene:
        """Cloud and label maps in frames of a tree.

        Args:
            cloud: the points.
            views: of them.
            label_maps: of the views.
            times_ns: the first and last times that will be asked for.

        Raises:
            TransformError: a transform is missing or none.
        """


@dataclass(frozen=True)
class GivenMounts:
    """Each view says where the lidar sits before its camera.

    Attributes:
        poses: of the lidar; None: at rest.
    """

    poses: Poses | None = None

    @property
    def is_moving(self) -> bool:
        """Only with poses."""
        return self.poses is not None

    def scene(
        self,
        cloud: PointCloud,
        views: Sequence[View],
        label_maps: Sequence[LabelMap],
        times_ns: Sequence[int],
    ) -> Scene:
        """In frames of their own."""
        placed = tuple(replace(label_map, frame_id=label_map.camera) for label_map in label_maps)
        mounts = [_mount(view) for view in views]
        names = [label_map.frame_id for label_map in placed]
        tree = mounted_tree(zip(names, mounts, strict=True))
        if self.poses is not None:
            move(tree, self.poses, times_ns)
        fixed_frame = FIXED if self.is_moving else ""
        return Scene(replace(cloud, frame_id=LIDAR), placed, tree, fixed_frame)


@dataclass(frozen=True)
class RecordedFrames:
    """The frames of cloud and images stand in a tree.

    Attributes:
        transforms: the tree, or where it comes from.
        fixed_frame: that rests; empty: the robot is taken as at rest.
    """

    transforms: TransformTree | TransformSource
    fixed_frame: str

    @property
    def is_moving(self) -> bool:
        """Only with a frame that rests."""
        return self.fixed_frame != ""

    def scene(
        self,
        cloud: PointCloud,
        views: Sequence[View],
        label_maps: Sequence[LabelMap],
        times_ns: Sequence[int],
    ) -> Scene:
        """In their own frames."""
        for view in views:
            if view.T_camera_lidar is not None:
                msg = "paint: expected T_camera_lidar or transforms, got both; leave one out"
                raise TransformError(msg)
        framed = [
            view.lens.config.frame_id or m.frame_id
            for view, m in zip(views, label_maps, strict=True)
        ]
        if not cloud.frame_id or not all(framed):
            msg = (
                "paint: expected frames of cloud and images to look up in transforms, got "
                f"{cloud.frame_id!r} and {framed}; take cloud and image from read_bag, or pass "
                "T_camera_lidar"
            )
            raise TransformError(msg)
        tree = tree_of(self.transforms, times_ns)
        return Scene(cloud, tuple(label_maps), tree, self.fixed_frame)


def _mount(view: View) -> Matrix:
    if view.T_camera_lidar is None:
        msg = (
            "paint: expected T_camera_lidar, (4, 4), or transforms, got neither; of a bag: "
            "transforms=bag, or bag.transform(camera_frame, lidar_frame, stamp_ns)"
        )
        raise TransformError(msg)
    T = as_rigid(view.T_camera_lidar, "T_camera_lidar")
    if (far_m := float(np.linalg.norm(T[:3, 3]))) > _FAR_M:
        warn(f"T_camera_lidar: the lidar is {far_m:.0f} m from the camera; pass metres")
    return T
