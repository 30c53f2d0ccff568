"""Progress bars on standard error, where that is a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Advance = Callable[[int, int], None]
_PERIOD_S = 0.1


def named_step(what: str) -> AbstractContextManager[Advance]:
    """A progress bar for one of several steps, or its name where there is no terminal."""
    if not sys.stderr.isatty():
        print(f"{what} ...", file=sys.stderr, flush=True)  # noqa: T201 (the step's name)
    return progress_bar(what)


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
