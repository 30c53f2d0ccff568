"""sensor_msgs/PointCloud, which ROS 1 had before PointCloud2 and some drivers still send."""

from __future__ import annotations

from typing import Any

import numpy as np

from seg_perception.core.errors import CloudError
from seg_perception.core.types import PointCloud, clean_frame_id
from seg_perception.io.messages import stamp_to_ns


def decode_old_cloud(msg: Any) -> PointCloud:
    """The cloud of a PointCloud: x, y, z (metre), and its channels as float32 fields.

    Args:
        msg: any object with the attributes of the message.

    Raises:
        CloudError: a channel without a value for each point, or without a name of its own.
    """
    channels = {str(channel.name): channel.values for channel in msg.channels}
    names = ("x", "y", "z", *channels)
    if len(set(names)) < 3 + len(msg.channels) or "" in names:
        text = (
            f"cloud: expected channels of different names, got {list(names[3:])}; check the driver"
        )
        raise CloudError(text)
    points = np.zeros((1, len(msg.points)), [(name, "<f4") for name in names])
    for name in "xyz":
        points[name] = [getattr(point, name) for point in msg.points]
    for name, values in channels.items():
        if len(values) != len(msg.points):
            text = (
                f"cloud channel {name!r}: expected {len(msg.points)} values, one a point, got "
                f"{len(values)}; check the driver"
            )
            raise CloudError(text)
        points[name] = values
    return PointCloud(points, stamp_to_ns(msg.header.stamp), clean_frame_id(msg.header.frame_id))
