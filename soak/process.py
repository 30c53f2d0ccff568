"""What Linux says of a process."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_KIB_PER_MIB = 1024.0


@dataclass(frozen=True)
class Usage:
    """One look at a process.

    Attributes:
        rss_mib: resident memory.
        anon_mib: the part of it that is no file and no shared memory: heaps and stacks.
        pss_mib: resident memory, where shared pages count by their share.
        fds, threads: open file descriptors, threads.
        cpu_s: processor time since its start.
    """

    rss_mib: float
    anon_mib: float
    pss_mib: float
    fds: int
    threads: int
    cpu_s: float


def look_at(pid: int) -> Usage:
    """Read /proc.

    Raises:
        OSError: there is no such process, or no more.
    """
    folder = Path("/proc") / str(pid)
    status = _table(folder / "status")
    rollup = _table(folder / "smaps_rollup")
    return Usage(
        rss_mib=_mib(status["VmRSS"]),
        anon_mib=_mib(status["RssAnon"]),
        pss_mib=_mib(rollup["Pss"]),
        fds=sum(1 for _ in (folder / "fd").iterdir()),
        threads=int(status["Threads"]),
        cpu_s=_cpu_s(folder / "stat"),
    )


def _table(file: Path) -> dict[str, str]:
    pairs = (line.partition(":") for line in file.read_text().splitlines())
    return {key: value.strip() for key, _, value in pairs}


def _mib(text: str) -> float:
    return int(text.split(maxsplit=1)[0]) / _KIB_PER_MIB


def _cpu_s(file: Path) -> float:
    # The name in brackets may hold spaces; user and system time are fields 14 and 15.
    fields = file.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
