"""`/tf`, `/tf_static` and odometry on a thread of their own: no inference holds them up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from rclpy.node import Node

from seg_perception.config.input_topics import TF, TF_STATIC
from seg_perception.core.errors import TransformError
from seg_perception.geometry.transforms import StampedTransform, TransformTree
from seg_perception.io.messages import Odometry
from seg_perception.io.transforms import decode_odometry, decode_transform
from seg_perception.ros.conversions import message_class
from seg_perception.ros.executor import ResilientExecutor
from seg_perception.ros.qos import TF_DEPTH, latched_profile, tf_profile

Observe = Callable[[str, int, Callable[[], None]], None]


class TransformFeed:
    """Puts the transforms of messages into a tree.

    Attributes:
        refused: transforms that were not usable; `last_refusal` says why the last was not.
    """

    def __init__(self, tree: TransformTree, observe: Observe) -> None:
        """Feed `tree`; `observe` gets each timed frame, its stamp, and what puts it in."""
        self.refused = 0
        self.last_refusal = ""
        self._tree = tree
        self._observe = observe

    def add_timed(self, message: Any) -> None:
        """Add the transforms of a `/tf` message."""
        for t in self._decode(message):
            insert = partial(self._tree.set_timed, t.parent, t.child, t.stamp_ns, t.T_parent_child)
            self._observe(f"tf {t.child}", t.stamp_ns, partial(self._try, insert))

    def add_static(self, message: Any) -> None:
        """Add the transforms of a `/tf_static` message."""
        for t in self._decode(message):
            self._try(self._tree.set_static, t.parent, t.child, t.T_parent_child)

    def add_odometry(self, message: Any) -> None:
        """Add the pose of a nav_msgs/Odometry."""
        t = self._try(decode_odometry, message)
        if t is not None:
            insert = partial(
                self._tree.set_odometry, t.parent, t.child, t.stamp_ns, t.T_parent_child
            )
            self._observe(f"odometry {t.child}", t.stamp_ns, partial(self._try, insert))

    def _decode(self, message: Any) -> list[StampedTransform]:
        decoded = (self._try(decode_transform, transform) for transform in message.transforms)
        return [transform for transform in decoded if transform is not None]

    def _try(self, step: Callable[..., Any], *arguments: Any) -> Any:
        """Take the step; one bad transform must not cost the others of its message."""
        try:
            return step(*arguments)
        except TransformError as error:
            self.refused += 1
            self.last_refusal = str(error)
            return None


class TransformListener:
    """Subscribes `/tf` (best effort) and `/tf_static` (latched) with its own node and executor."""

    def __init__(
        self,
        owner: Node,
        feed: TransformFeed,
        on_change: Callable[[], None],
        odometry_topic: str = "",
    ) -> None:
        """Start listening.

        Args:
            owner: whose context, namespace and remappings hold.
            feed: gets the messages.
            on_change: called on the listening thread after transforms came.
            odometry_topic: of nav_msgs/Odometry; empty for none.
        """
        self.feed = feed
        self._on_change = on_change
        name = f"{owner.get_name()}_tf"
        self._node = Node(
            name,
            context=owner.context,
            namespace=owner.get_namespace(),
            # A launch file's __node would rename this node as well.
            cli_args=["--ros-args", "-r", f"__node:={name}"],
            start_parameter_services=False,
        )
        message_type = message_class("tf2_msgs/msg/TFMessage")
        self._node.create_subscription(message_type, TF, self._receive_timed, tf_profile())
        self._node.create_subscription(
            message_type, TF_STATIC, self._receive_static, latched_profile(TF_DEPTH)
        )
        if odometry_topic:
            kind = message_class(Odometry.type_name)
            # As for /tf: a busy reader must not hold up the robot's publisher.
            self._node.create_subscription(
                kind, odometry_topic, self._receive_odometry, tf_profile()
            )
        self._executor = ResilientExecutor(self._node)
        self._thread = threading.Thread(target=self._executor.spin_on, name="tf", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._executor.shutdown(timeout_sec=1.0)
        self._thread.join(timeout=2.0)
        self._node.destroy_node()

    def _receive_timed(self, message: Any) -> None:
        self.feed.add_timed(message)
        self._on_change()

    def _receive_odometry(self, message: Any) -> None:
        self.feed.add_odometry(message)
        self._on_change()

    def _receive_static(self, message: Any) -> None:
        self.feed.add_static(message)
        self._on_change()
