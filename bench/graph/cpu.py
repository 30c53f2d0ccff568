"""Processor time of another process, followed while it works."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np

_PERIOD_S = 0.1
# Fields of /proc/PID/stat behind the command's closing bracket (proc(5)): 14 and 15.
_UTIME, _STIME = 11, 12


class CpuWatch:
    """Samples user and system time of a process until it ends or `stop` is called."""

    def __init__(self, pid: int) -> None:
        """Start."""
        self._stat = Path(f"/proc/{pid}/stat")
        self._samples: list[tuple[int, float]] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="cpu", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take no more samples."""
        self._stopping.set()
        self._thread.join()

    def used_s(self, first_ns: int, last_ns: int) -> float:
        """Processor time between two moments (time.monotonic_ns)."""
        times, used = zip(*self._samples, strict=True)
        first, last = np.interp([first_ns, last_ns], times, used)
        return float(last - first)

    def _work(self) -> None:
        try:
            while not self._stopping.wait(_PERIOD_S):
                used_s = ticks_of(self._stat.read_text()) / os.sysconf("SC_CLK_TCK")
                self._samples.append((time.monotonic_ns(), used_s))
        except (FileNotFoundError, ProcessLookupError):
            return


def ticks_of(stat: str) -> int:
    """User and system time of a line of /proc/PID/stat (clock ticks)."""
    fields = stat.rpartition(")")[2].split()
    return int(fields[_UTIME]) + int(fields[_STIME])
