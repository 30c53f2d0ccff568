"""TF messages to transforms and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from seg_perception.core.errors import TransformError
from seg_perception.core.types import clean_frame_id
from seg_perception.geometry.quaternion import matrix_to_quaternion, quaternion_to_matrix
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io import messages
from seg_perception.io.messages import stamp_to_ns


def decode_tf(msg: Any) -> list[StampedTransform]:
    """The transforms of a tf2_msgs/TFMessage; leading slashes of ROS 1 frames are dropped.

    Args:
        msg: any object with the attributes of the message.

    Raises:
        TransformError: a frame without a name, or numbers that are no rigid motion.
    """
    return [decode_transform(transform) for transform in msg.transforms]


def decode_transform(msg: Any) -> StampedTransform:
    """One geometry_msgs/TransformStamped.

    Raises:
        TransformError: as `decode_tf`.
    """
    motion = msg.transform
    return _stamped(msg.header, msg.child_frame_id, motion.translation, motion.rotation)


def decode_odometry(msg: Any) -> StampedTransform:
    """The pose of a nav_msgs/Odometry, as the transform from its child frame.

    Raises:
        TransformError: as `decode_tf`.
    """
    pose = msg.pose.pose
    return _stamped(msg.header, msg.child_frame_id, pose.position, pose.orientation)


def encode_tf(transforms: Iterable[StampedTransform]) -> messages.TFMessage:
    """A tf2_msgs/TFMessage."""
    return messages.TFMessage([_encode_transform(transform) for transform in transforms])


def _stamped(header: Any, child_frame_id: str, offset: Any, turn: Any) -> StampedTransform:
    parent, child = clean_frame_id(header.frame_id), clean_frame_id(child_frame_id)
    if not parent or not child or parent == child:
        text = f"transform: expected two different frame names, got {parent!r} and {child!r}"
        raise TransformError(text)
    T = np.eye(4)
    T[:3, :3] = quaternion_to_matrix(turn.x, turn.y, turn.z, turn.w)
    T[:3, 3] = offset.x, offset.y, offset.z
    if not np.isfinite(T).all():
        text = f"transform {parent} -> {child}: expected finite numbers, got {T[:3, 3]}"
        raise TransformError(text)
    return StampedTransform(parent, child, stamp_to_ns(header.stamp), T)


def _encode_transform(transform: StampedTransform) -> messages.TransformStamped:
    T = transform.T_parent_child
    return messages.TransformStamped(
        header=messages.Header.at(transform.stamp_ns, transform.parent),
        child_frame_id=transform.child,
        transform=messages.Transform(
            translation=messages.Vector3(*T[:3, 3].tolist()),
            rotation=messages.Quaternion(*matrix_to_quaternion(T[:3, :3])),
        ),
    )
