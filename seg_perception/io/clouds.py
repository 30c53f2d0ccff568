"""The cloud of every kind of message that carries points."""

from __future__ import annotations

from typing import Any

from seg_perception.core.types import PointCloud
from seg_perception.io.livox import decode_livox
from seg_perception.io.old_clouds import decode_old_cloud
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.io.radar import decode_radar_scan


def decode_points(msg: Any) -> PointCloud:
    """The cloud of a PointCloud2 or PointCloud, of a Livox driver's CustomMsg, or of a RadarScan.

    Args:
        msg: any object with the attributes of one of these messages.

    Raises:
        CloudError: it can't be decoded.
    """
    if hasattr(msg, "returns"):
        return decode_radar_scan(msg)
    if hasattr(msg, "timebase"):
        return decode_livox(msg)
    return decode_old_cloud(msg) if hasattr(msg, "channels") else decode_cloud(msg)
