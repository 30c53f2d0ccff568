"""One turn of a lidar or one scan of a radar, and when it was measured."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.issue_kinds.remark import Remark
from seg_perception.core.types import NANOSECONDS, DepthImage, PointCloud

XYZ = np.dtype([(name, "<f4") for name in "xyz"])
"""A point that is made here, metre."""


@dataclass(frozen=True, eq=False)
class Scan:
    """A cloud, whose it is, and when it was measured.

    Attributes:
        sensor: name in the configuration.
        cloud: as its sender sent it, in metres.
        time_ns: corrected stamp.
        offsets_ns: int64 (N,), time of each point relative to the stamp; None: all at once.
        last_ns: time of the last point.
        time_field: where the points' times stand; empty where nowhere.
        stray: points whose time is that of another scan; they count at the stamp.
        remarks: what is odd about cloud and times.
    """

    sensor: str
    cloud: PointCloud
    time_ns: int
    offsets_ns: NDArray[np.int64] | None
    last_ns: int
    time_field: str = ""
    stray: int = 0
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, eq=False)
class DepthScan(Scan):
    """One image of a depth camera: its cloud is empty until it lies before a label map.

    Attributes:
        depth: the image.
    """

    depth: DepthImage = field(kw_only=True)

    @classmethod
    def of(cls, sensor: str, depth: DepthImage, offset_s: float) -> DepthScan:
        """The scan of an image; `offset_s` is added to its stamp."""
        time_ns = depth.stamp_ns + round(offset_s * NANOSECONDS)
        empty = PointCloud(np.empty((0, 0), XYZ), depth.stamp_ns, depth.frame_id)
        return cls(sensor, empty, time_ns, None, time_ns, depth=depth)
