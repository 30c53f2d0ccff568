"""Steps taken one after the other: at once, or by a thread behind whoever orders them."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Protocol, TypeVar

from seg_perception.core.threads import start_thread

# The least of the priorities.
_LOWEST = 19
Made = TypeVar("Made")


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


class Workers(Protocol):
    """Make things that are asked for later, in any order."""

    def start(self, make: Callable[[], Made]) -> Callable[[], Made]:
        """Begin with something; what comes back waits for it, and raises what it raised."""
        ...

    def close(self) -> None:
        """Make nothing more."""


class NoWorkers:
    """Whoever asks makes it."""

    def start(self, make: Callable[[], Made]) -> Callable[[], Made]:
        """Nothing begins before it is asked for."""
        return make

    def close(self) -> None:
        """Nothing is open."""


class WorkerThreads:
    """Threads that make things side by side, begun in the order in which they were started."""

    def __init__(self, name: str, count: int) -> None:
        """Start idle: so many threads of that name."""
        self._threads = ThreadPoolExecutor(count, thread_name_prefix=name)

    def start(self, make: Callable[[], Made]) -> Callable[[], Made]:
        """Let a thread begin as soon as one is free."""
        return self._threads.submit(make).result

    def close(self) -> None:
        """End the threads once what they work on is done; what waits is not begun."""
        self._threads.shutdown(cancel_futures=True)


class UnhurriedWork:
    """Every step in a thread of its own, which gives way to all other work of the machine.

    Who orders does not wait, and nobody hears what a step raises.
    """

    def __init__(self, name: str) -> None:
        """Start idle; `name` is that of the threads."""
        self._name = name
        self._is_closed = False

    def order(self, step: Callable[[], None]) -> None:
        """Begin a step."""
        if not self._is_closed:
            start_thread(self._name, partial(_unhurried, step), _unheard)

    def wait(self) -> None:
        """Nobody waits for it."""

    def close(self) -> None:
        """Begin no more; a step that is being taken ends by itself."""
        self._is_closed = True


def _unhurried(step: Callable[[], None]) -> None:
    # On Linux a thread has a priority of its own; where none can be set, all are equal.
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST)
    step()


def _unheard(_error: BaseException) -> None:
    pass
