"""What was measured before on this machine: a line a run, so that a change shows."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

from bench.rows import BenchRow

FILE = Path("runs/bench/history.jsonl")
# What is less is the machine's noise: both are ratios of one run.
_NOISE = 0.1


def machine() -> str:
    """Which processor measures: ratios of others are not comparable."""
    info = Path("/proc/cpuinfo")
    names = [
        line.partition(":")[2].strip()
        for line in (info.read_text() if info.is_file() else "").splitlines()
        if line.startswith("model name")
    ]
    return f"{names[0] if names else platform.processor()}, {len(names) or 1} cores"


def append(rows: Sequence[BenchRow], file: Path = FILE) -> None:
    """Add a run to the history."""
    file.parent.mkdir(parents=True, exist_ok=True)
    entry = {
        "time": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "commit": _commit(),
        "machine": machine(),
        "ratios": {row.step: row.ratio for row in rows},
    }
    with file.open("a", encoding="utf-8") as lines:
        lines.write(f"{json.dumps(entry)}\n")


def last(file: Path = FILE) -> tuple[str, Mapping[str, float]]:
    """The newest run of this machine: when and of which commit, and its ratios; empty: none."""
    if not file.is_file():
        return "", {}
    entries = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    mine = [entry for entry in entries if entry["machine"] == machine()]
    if not mine:
        return "", {}
    return f"{mine[-1]['time']}, {mine[-1]['commit']}", mine[-1]["ratios"]


def changes(rows: Sequence[BenchRow], before: Mapping[str, float]) -> list[str]:
    """A line for each step that is new, gone, or more than noise away from what it was."""
    lines = []
    for row in rows:
        old = before.get(row.step)
        if old is None:
            lines.append(f"new      {row.step}: {row.ratio:.3f}")
        elif abs(row.ratio / old - 1) > _NOISE:
            word = "slower " if row.ratio > old else "quicker"
            lines.append(f"{word}  {row.step}: {old:.3f} -> {row.ratio:.3f}")
    now = {row.step for row in rows}
    return [
        *lines,
        *(f"gone     {step}: {old:.3f}" for step, old in before.items() if step not in now),
    ]


def _commit() -> str:
    git = shutil.which("git")
    if git is None:
        return "no commit"
    command = [git, "describe", "--always", "--dirty"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.stdout.strip() or "no commit"
