"""`/tf` and `/tf_static` on a thread of their own, so that no inference holds them up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from rclpy.executors import ExternalShutdownException, ShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from seg_perception.errors import TransformError
from seg_perception.geometry.transforms import StampedTransform, TransformTree
from seg_perception.io.transforms import decode_transform
from seg_perception.nodes.conversions import message_class
from seg_perception.nodes.qos import TF_DEPTH, latched_profile, tf_profile
from seg_perception.topics import TF, TF_STATIC
from seg_perception.types import NANOSECONDS

# A child frame whose stamps fall back this far is one whose clock jumped, not one whose
# messages overtook each other.
JUMP_NS = NANOSECONDS


class TransformFeed:
    """Puts the transforms of messages into a tree and notices when their clock jumps back.

    Attributes:
        refused: transforms that were not usable; `last_refusal` says why the last was not.
    """

    def __init__(self, tree: TransformTree) -> None:
        """Feed `tree`."""
        self.refused = 0
        self.last_refusal = ""
        self._tree = tree
        self._newest: dict[str, int] = {}

    def add_timed(self, message: Any) -> bool:
        """Add the transforms of a `/tf` message; tells whether their clock jumped back."""
        batch = self._decode(message)
        jumped = any(self._fell_back(transform) for transform in batch)
        if jumped:
            self._tree.clear_timed()
            self._newest.clear()
        for t in batch:
            self._newest[t.child] = t.stamp_ns
            self._try(self._tree.set_timed, t.parent, t.child, t.stamp_ns, t.T_parent_child)
        return jumped

    def add_static(self, message: Any) -> None:
        """Add the transforms of a `/tf_static` message."""
        for t in self._decode(message):
            self._try(self._tree.set_static, t.parent, t.child, t.T_parent_child)

    def _decode(self, message: Any) -> list[StampedTransform]:
        decoded = (self._try(decode_transform, transform) for transform in message.transforms)
        return [transform for transform in decoded if transform is not None]

    def _fell_back(self, transform: StampedTransform) -> bool:
        return transform.stamp_ns < self._newest.get(transform.child, 0) - JUMP_NS

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
        tree: TransformTree,
        on_change: Callable[[], None],
        on_jump: Callable[[], None],
    ) -> None:
        """Start listening.

        Args:
            owner: whose context and remappings hold.
            tree: is filled.
            on_change, on_jump: called on the listening thread after transforms came,
                and after their stamps fell back (timed transforms are cleared by then).
        """
        self.feed = TransformFeed(tree)
        self._on_change = on_change
        self._on_jump = on_jump
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
        self._executor = SingleThreadedExecutor(context=owner.context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, name="tf", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._executor.shutdown(timeout_sec=1.0)
        self._thread.join(timeout=2.0)
        self._node.destroy_node()

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except (ExternalShutdownException, ShutdownException):
            return

    def _receive_timed(self, message: Any) -> None:
        if self.feed.add_timed(message):
            self._on_jump()
        self._on_change()

    def _receive_static(self, message: Any) -> None:
        self.feed.add_static(message)
        self._on_change()
