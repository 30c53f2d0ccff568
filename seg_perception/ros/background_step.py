"""A step that takes long, on a thread of its own, awaited by a callback of the executor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.executors import Executor
from rclpy.task import Future

from seg_perception.core.threads import start_thread


class BackgroundStep:
    """Runs a step beside an executor, whose other callbacks go on meanwhile.

    Attributes:
        done: awaited by a callback; it has no result.
    """

    def __init__(self, name: str, step: Callable[[], None], executor: Executor) -> None:
        """Start."""
        self.done: Any = Future(executor=executor)
        self._step = step
        self._executor = executor
        self._error: BaseException | None = None
        self._thread = start_thread(name, self._run, lambda _: None)

    def result(self) -> None:
        """Raise what the step raised."""
        if self._error is not None:
            raise self._error

    def wait(self, timeout_s: float) -> bool:
        """Wait where no executor runs any more; False where the step goes on."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._step()
        except BaseException as error:  # noqa: BLE001 (it is raised where the step is awaited)
            self._error = error
        self.done.set_result(None)
        self._executor.wake()
