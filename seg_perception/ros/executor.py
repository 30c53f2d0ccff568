"""An executor that outlives what fails within it."""

from __future__ import annotations

import traceback
from collections.abc import Callable

from rclpy.executors import ExternalShutdownException, ShutdownException
from rclpy.node import Node

from seg_perception.ros.issue_logger import PERIOD_S
from seg_perception.ros.rclpy_internals import ForgivingExecutor


class ResilientExecutor(ForgivingExecutor):
    """Runs the callbacks of one node, one after the other, until it is shut down."""

    def __init__(
        self, node: Node, on_error: Callable[[BaseException], object] | None = None
    ) -> None:
        """Add the node; nothing runs before `spin_on`.

        Args:
            node: whose callbacks run.
            on_error: told of a callback that failed; without it the log is.
        """
        super().__init__(context=node.context)
        self._log_error = node.get_logger().error
        self._on_error = on_error or self._log_traceback
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
        except Exception as error:  # noqa: BLE001 (one callback must not end a robot's perception)
            self._on_error(error)
            return False
        return True

    def _log_traceback(self, error: BaseException) -> None:
        text = "".join(traceback.format_exception(error))
        self._log_error(f"a callback failed: {text}", throttle_duration_sec=PERIOD_S)

    def on_take_failed(self, topic: str, error: Exception) -> None:
        """Tell of a message that could not be taken."""
        self._log_error(
            f"{topic}: a message can't be taken ({error}), most likely since memory ran "
            "out; it counts as lost in transport",
            throttle_duration_sec=PERIOD_S,
        )
