"""The CustomMsg of Livox drivers, which each generation has under a name of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import NANOSECONDS, PointCloud, clean_frame_id
from seg_perception.io.messages import stamp_to_ns

_POINT = {
    "x": "<f4",
    "y": "<f4",
    "z": "<f4",
    "reflectivity": "u1",
    "tag": "u1",
    "line": "u1",
    "offset_time": "<i4",
}
_LATEST_NS = 2**31 - 1


def decode_livox(msg: Any) -> PointCloud:
    """The cloud of a CustomMsg: x, y, z (metre), reflectivity, tag, line and offset_time.

    offset_time is the time of a point in nanoseconds after the stamp: what the message counts
    from its timebase, unless that is of another clock than the stamp.

    Args:
        msg: any object with the attributes of the message.
    """
    stamp_ns = stamp_to_ns(msg.header.stamp)
    points = np.zeros((1, len(msg.points)), list(_POINT.items()))
    for name in _POINT:
        points[name] = _values(msg.points, name, int(msg.timebase) - stamp_ns)
    return PointCloud(points, stamp_ns, clean_frame_id(msg.header.frame_id))


def _values(points: Any, name: str, base_ns: int) -> NDArray[Any]:
    found = np.array([getattr(point, name) for point in points])
    if name != "offset_time":
        return found
    shift_ns = base_ns if abs(base_ns) < NANOSECONDS else 0
    return np.clip(found.astype(np.int64) + shift_ns, -_LATEST_NS, _LATEST_NS)
