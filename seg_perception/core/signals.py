"""Signals that end a process as an error would, so that drafts and scratch are removed."""

from __future__ import annotations

import signal
from types import FrameType


def end_on_signals(*numbers: signal.Signals) -> None:
    """Let each of these signals end the process by SystemExit, 128 and its number.

    A second one ends it at once; what somebody ignores (SIGHUP under nohup) stays ignored.
    """
    for number in numbers:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def _end(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    raise SystemExit(128 + number)
