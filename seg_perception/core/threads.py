"""Threads whose death is seen: what kills one is logged, and told to whoever waits for it."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from seg_perception.core.errors import SegPerceptionError
from seg_perception.core.issue_kinds.messages import INTERNAL_ERROR

_LOG = logging.getLogger(__name__)


def start_thread(
    name: str, body: Callable[[], None], on_death: Callable[[BaseException], object]
) -> threading.Thread:
    """Run a body on a thread of its own, which does not keep the process alive.

    Args:
        name: of the thread, in logs.
        body: what it does.
        on_death: called on the thread with any error that ended the body.
    """

    def run() -> None:
        try:
            body()
        except BaseException as error:  # noqa: BLE001 (nobody else would see it)
            if not isinstance(error, SegPerceptionError):
                _LOG.exception("the thread %s ended", name)
            on_death(error)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


def are_others_running() -> bool:
    """Whether threads beside the main one still run: one within a library aborts the end."""
    return any(thread is not threading.main_thread() for thread in threading.enumerate())


def explain(error: BaseException) -> str:
    """One sentence of an error: its own, or that it is a fault of this program."""
    if isinstance(error, SegPerceptionError):
        return str(error)
    return INTERNAL_ERROR.sentence(error=f"{type(error).__name__}: {error}")


def leave_at_once(code: int) -> NoReturn:
    """End the process while a thread is still within a library, which would abort at the end."""
    atexit._run_exitfuncs()  # noqa: SLF001 (unpacked bundles are removed there; os._exit runs none)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code)
