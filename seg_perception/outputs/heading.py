"""Which way a cloud is turned that is drawn from above, so that the robot drives upwards."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import TransformError
from seg_perception.geometry.transforms import TransformTree

Matrix = NDArray[np.float64]
# Frames of a robot whose x is forward and z up, by REP-105 and as drivers name them.
_BODIES = ("base_link", "base_footprint", "body")
# An optical frame's z lies in the plane; one that points up is of a camera in a body frame.
_UP = 0.7


def heading(transforms: TransformTree, frame_id: str, camera_frame: str, stamp_ns: int) -> Matrix:
    """From a sensor's frame to one with x forward and z up, float64 (4, 4).

    That of the robot's body; else the sensor's own, turned to where the camera looks; else as it
    is.

    Args:
        transforms: of the robot.
        frame_id: of the cloud.
        camera_frame: of the camera that shows what is ahead; may be empty.
        stamp_ns: of the cloud.
    """
    frames = sorted(transforms.frames())
    named = [f for name in _BODIES for f in frames if f.rpartition("/")[2] == name]
    found = (_lookup(transforms, body, frame_id, stamp_ns) for body in named)
    T_body_sensor = next((T for T in found if T is not None), None)
    if T_body_sensor is not None:
        return T_body_sensor
    T_sensor_camera = _lookup(transforms, frame_id, camera_frame, stamp_ns)
    return np.eye(4) if T_sensor_camera is None else _turned_to(T_sensor_camera)


def _turned_to(T_sensor_camera: Matrix) -> Matrix:
    """A turn about z that lays where a camera looks onto x."""
    ahead = T_sensor_camera[:3, 0 if T_sensor_camera[2, 2] > _UP else 2]
    length = float(np.hypot(ahead[0], ahead[1]))
    turn = np.eye(4)
    if length > 1 - _UP:
        c, s = ahead[0] / length, ahead[1] / length
        turn[:2, :2] = [[c, s], [-s, c]]
    return turn


def _lookup(transforms: TransformTree, target: str, source: str, stamp_ns: int) -> Matrix | None:
    try:
        return transforms.lookup(target, source, stamp_ns)
    except TransformError:
        return None
