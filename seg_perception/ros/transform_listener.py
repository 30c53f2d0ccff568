"""`/tf`, `/tf_static` and odometry on a thread of their own: no inference holds them up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node

from seg_perception.config.input_topics import TF, TF_STATIC
from seg_perception.core.threads import start_thread
from seg_perception.io.messages import Odometry, TFMessage
from seg_perception.pipeline.transform_reader import TransformReader
from seg_perception.ros.conversions import message_class
from seg_perception.ros.executor import ResilientExecutor
from seg_perception.ros.qos import TF_DEPTH, latched_profile, tf_profile


class TransformListener:
    """Subscribes `/tf` (best effort) and `/tf_static` (latched) with its own node and executor."""

    def __init__(
        self,
        owner: Node,
        reader: TransformReader,
        on_change: Callable[[], None],
        odometry_topic: str = "",
        on_error: Callable[[BaseException], object] | None = None,
    ) -> None:
        """Start listening.

        Args:
            owner: whose context, namespace and remappings hold.
            reader: gets the messages.
            on_change: called on the listening thread after transforms came.
            odometry_topic: of nav_msgs/Odometry; empty for none.
            on_error: told of what failed on the listening thread; without it the log is.
        """
        self._reader = reader
        self._odometry_topic = odometry_topic
        self._on_change = on_change
        self._node = Node(
            f"{owner.get_name()}_tf",
            context=owner.context,
            namespace=owner.get_namespace(),
            # Names are resolved by the owner, whose own remappings hold beside those of the
            # process; applied here as well, they would rename what is renamed already.
            use_global_arguments=False,
            start_parameter_services=False,
        )
        resolve = owner.resolve_topic_name
        message_type = message_class(TFMessage.type_name)
        self._node.create_subscription(message_type, resolve(TF), self._receive_timed, tf_profile())
        self._node.create_subscription(
            message_type, resolve(TF_STATIC), self._receive_static, latched_profile(TF_DEPTH)
        )
        if odometry_topic:
            kind = message_class(Odometry.type_name)
            # As for /tf: a busy reader must not hold up the robot's publisher.
            self._node.create_subscription(
                kind, resolve(odometry_topic), self._receive_odometry, tf_profile()
            )
        self._executor = ResilientExecutor(self._node, on_error)
        tell = on_error or self._node.get_logger().error
        self._thread = start_thread("tf", self._executor.spin_on, tell)

    def close(self) -> None:
        """Stop listening."""
        self._executor.shutdown(timeout_sec=1.0)
        self._thread.join(timeout=2.0)
        self._node.destroy_node()

    def _receive_timed(self, message: Any) -> None:
        self._reader.read(TF, message, static=False)
        self._on_change()

    def _receive_odometry(self, message: Any) -> None:
        self._reader.read_odometry(self._odometry_topic, message)
        self._on_change()

    def _receive_static(self, message: Any) -> None:
        self._reader.read(TF_STATIC, message, static=True)
        self._on_change()
