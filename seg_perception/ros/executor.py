"""An executor that outlives what fails within it."""

from __future__ import annotations

import traceback
from typing import Any

from rclpy.executors import ExternalShutdownException, ShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from seg_perception.ros.issue_log import PERIOD_S


class ResilientExecutor(SingleThreadedExecutor):
    """Runs the callbacks of one node, one after the other, until it is shut down."""

    def __init__(self, node: Node) -> None:
        """Add the node; nothing runs before `spin_on`."""
        super().__init__(context=node.context)
        self._log_error = node.get_logger().error
        self.add_node(node)

    def spin_on(self) -> None:
        """Spin until the executor ends; a callback that fails is logged."""
        while not self._spin_until_failure():
            continue

    def _spin_until_failure(self) -> bool:
        try:
            self.spin()
        except (ExternalShutdownException, ShutdownException):
            return True
        except Exception:  # noqa: BLE001 (one faulty callback must not end a robot's perception)
            text = f"a callback failed: {traceback.format_exc()}"
            self._log_error(text, throttle_duration_sec=PERIOD_S)
            return False
        return True

    def _take_subscription(self, sub: Any) -> Any:
        """Take a message, or none where that fails.

        rclpy marks the node as busy before it takes and, were this to raise, for ever: the
        node would live, deaf.
        """
        try:
            return super()._take_subscription(sub)
        except Exception as error:  # noqa: BLE001 (rclpy raises whatever comes out of its C part)
            self._log_error(
                f"{sub.topic}: a message can't be taken ({error}), most likely since memory ran "
                "out; it counts as lost in transport",
                throttle_duration_sec=PERIOD_S,
            )
            return None
