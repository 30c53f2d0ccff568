"""Cuboids of vision_msgs/Detection3DArray."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from seg_perception.core.errors import SegPerceptionError
from seg_perception.core.types import clean_frame_id
from seg_perception.datasets.viking_hill import Cuboids
from seg_perception.geometry.quaternion import quaternion_to_matrix
from seg_perception.io.messages import stamp_to_ns

DETECTIONS = "vision_msgs/msg/Detection3DArray"


@dataclass(frozen=True, eq=False)
class NamedCuboids:
    """The cuboids of one moment.

    Attributes:
        stamp_ns: when they were there; None: always.
        frame: in which they lie.
        names: class of each.
        cuboids: where they are; their own numbers of classes count for nothing.
        unnamed: detections that were no cuboid of a class.
    """

    stamp_ns: int | None
    frame: str
    names: tuple[str, ...]
    cuboids: Cuboids
    unnamed: int = 0


def decode_detections(message: Any) -> NamedCuboids:
    """What a message says: of each detection its likeliest class."""
    headers = [message.header, *(entry.header for entry in message.detections)]
    frame = next((h.frame_id for h in headers if h.frame_id), "")
    names, centers, rotations, extents = [], [], [], []
    for entry in message.detections:
        best = max(entry.results, key=lambda r: r.hypothesis.score, default=None)
        size = np.array([entry.bbox.size.x, entry.bbox.size.y, entry.bbox.size.z])
        pose = entry.bbox.center
        place = np.array([pose.position.x, pose.position.y, pose.position.z])
        turn = pose.orientation
        if best is None or not best.hypothesis.class_id or not _is_box(size, place):
            continue
        try:
            rotation = quaternion_to_matrix(turn.x, turn.y, turn.z, turn.w)
        except SegPerceptionError:
            continue
        names.append(str(best.hypothesis.class_id))
        centers.append(place)
        rotations.append(rotation)
        extents.append(size)
    count = len(names)
    cuboids = Cuboids(
        np.array(centers, np.float64).reshape(-1, 3),
        np.array(rotations, np.float64).reshape(-1, 3, 3),
        np.array(extents, np.float64).reshape(-1, 3),
        np.zeros(count, np.int64),
    )
    left = len(message.detections) - count
    stamp_ns = stamp_to_ns(message.header.stamp)
    return NamedCuboids(stamp_ns, clean_frame_id(frame), tuple(names), cuboids, left)


def _is_box(size: Any, place: Any) -> bool:
    return bool(np.isfinite([*size, *place]).all() and (size > 0).all())
