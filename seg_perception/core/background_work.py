"""Steps taken one after the other: at once, or by a thread behind whoever orders them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol


class Work(Protocol):
    """Takes steps in the order in which they are ordered."""

    def order(self, step: Callable[[], None]) -> None:
        """Let a step be taken after those before it."""

    def wait(self) -> None:
        """Wait until all is done."""

    def close(self) -> None:
        """Take no more steps."""


class WorkAtOnce:
    """Every step is done when its order returns."""

    def order(self, step: Callable[[], None]) -> None:
        """Take the step."""
        step()

    def wait(self) -> None:
        """All is done."""

    def close(self) -> None:
        """Nothing is open."""


class BackgroundWork:
    """Work in a thread of its own, in the order in which it was ordered.

    What a step raises is raised where work is ordered or waited for next.
    """

    def __init__(self, name: str, depth: int) -> None:
        """Start idle.

        Args:
            name: of the thread.
            depth: how many steps may wait; who orders one more waits for the oldest.
        """
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._depth = depth
        self._pending: deque[Future[None]] = deque()

    def order(self, step: Callable[[], None]) -> None:
        """Let a step be taken after those before it."""
        while len(self._pending) >= self._depth:
            self._pending.popleft().result()
        self._pending.append(self._thread.submit(step))

    def wait(self) -> None:
        """Wait until all is done."""
        while self._pending:
            self._pending.popleft().result()

    def close(self) -> None:
        """End the thread once all is done; what its last steps raise is not heard any more."""
        self._thread.shutdown()
        self._pending.clear()
