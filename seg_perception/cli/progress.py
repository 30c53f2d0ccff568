"""Progress bars on standard error, where that is a terminal."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from seg_perception.core.errors import StoppedError

Advance = Callable[[int, int], None]
_PERIOD_S = 0.1
_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def named_step(what: str) -> AbstractContextManager[Advance]:
    """A progress bar for one of several steps, or its name where there is no terminal."""
    _say_without_terminal(what)
    return progress_bar(what)


def stoppable_step(what: str) -> AbstractContextManager[Advance]:
    """The same for a step that can be stopped."""
    _say_without_terminal(what)
    return stoppable_bar(what)


def _say_without_terminal(what: str) -> None:
    if not sys.stderr.isatty():
        print(f"{what} ...", file=sys.stderr, flush=True)  # noqa: T201 (the step's name)


@contextmanager
def stoppable_bar(what: str) -> Iterator[Advance]:
    """A progress bar of work that can be stopped between two of its steps.

    The first SIGINT, SIGTERM or SIGHUP lets the next step raise a StoppedError, so that nothing
    is left half-written; the second does what it does elsewhere.
    """
    with _first_signal() as taken, progress_bar(what) as advance:

        def advance_or_stop(done: int, total: int) -> None:
            advance(done, total)
            if taken:
                msg = f"stopped by {signal.Signals(taken[0]).name} after {done} of {total}"
                raise StoppedError(msg, taken[0])

        yield advance_or_stop


@contextmanager
def _first_signal() -> Iterator[list[int]]:
    """The number of the first signal, when it has come; nothing beside the main thread."""
    taken: list[int] = []
    numbers = [n for n in _STOP if signal.getsignal(n) is not signal.SIG_IGN]
    if threading.current_thread() is not threading.main_thread():
        numbers = []
    before = {number: signal.getsignal(number) for number in numbers}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def take(number: int, _frame: FrameType | None) -> None:
        taken.append(number)
        restore()
        print("stopping; what was done is kept", file=sys.stderr)  # noqa: T201 (for who waits)

    for number in numbers:
        signal.signal(number, take)
    try:
        yield taken
    finally:
        restore()


@contextmanager
def progress_bar(what: str) -> Iterator[Advance]:
    """A bar that is moved by calling what it gives with done and total."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None)
        shown_s = 0.0

        def advance(done: int, total: int) -> None:
            nonlocal shown_s
            now_s = time.monotonic()
            if now_s - shown_s > _PERIOD_S or done == total:
                shown_s = now_s
                progress.update(task, completed=done, total=total)

        yield advance
