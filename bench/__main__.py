"""`python -m bench`: print every step's ratio to its baseline; fails where one is over budget.

A step that is over its budget is measured once more: a disturbance is not there twice. Each run is
added to `runs/bench/history.jsonl`; `python -m bench --compare` tells what differs from the last
run on this machine.

Every module runs in a process of its own: what one imports and allocates changes the time of
the next (with torch loaded, cv2.projectPoints takes half as long).
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
from dataclasses import asdict

# One core: set before numpy and OpenCV start their threads.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import cv2

import bench
from bench import history
from bench.rows import BenchRow


def main() -> int:
    """Run every module of this folder that has a `run`, or, as JSON, the one that is named."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--compare"]
    if arguments:
        print(json.dumps([asdict(row) for row in _run(arguments[0])]))
        return 0
    names = sorted(module.name for module in pkgutil.iter_modules(bench.__path__))
    rows = [row for name in names if name != "__main__" for row in _measured(name)]
    _print(rows)
    when, before = history.last()
    history.append(rows)
    if "--compare" in sys.argv[1:]:
        print(f"\nsince {when}:" if when else "\nnothing was measured on this machine before")
        print("\n".join(history.changes(rows, before)) or "no change beyond noise")
    return 0 if all(row.ok for row in rows) else 1


def _measured(name: str) -> list[BenchRow]:
    rows = _in_process(name)
    if all(row.ok for row in rows):
        return rows
    again = {row.step: row for row in _in_process(name)}
    return [row if row.ok else again.get(row.step, row) for row in rows]


def _run(name: str) -> list[BenchRow]:
    cv2.setNumThreads(1)
    module = importlib.import_module(f"bench.{name}")
    return list(module.run()) if hasattr(module, "run") else []


def _in_process(name: str) -> list[BenchRow]:
    command = [sys.executable, "-m", "bench", name]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return [BenchRow(**row) for row in json.loads(done.stdout)]


def _print(rows: list[BenchRow]) -> None:
    width = max(len(row.step) for row in rows)
    print(f"{'step':{width}}  measured / baseline  budget  ok   detail")
    for row in rows:
        ok = "yes" if row.ok else "NO"
        print(f"{row.step:{width}}  {row.ratio:16.3f}  {row.budget:6.2f}  {ok:3}  {row.detail}")


if __name__ == "__main__":
    sys.exit(main())
