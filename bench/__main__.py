"""`python -m bench`: print every step's ratio to its baseline; fails where one is over budget.

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
from bench.rows import BenchRow


def main() -> int:
    """Run every module of this folder that has a `run`, or, as JSON, the one that is named."""
    if len(sys.argv) > 1:
        print(json.dumps([asdict(row) for row in _run(sys.argv[1])]))
        return 0
    names = sorted(module.name for module in pkgutil.iter_modules(bench.__path__))
    rows = [row for name in names if name != "__main__" for row in _in_process(name)]
    _print(rows)
    return 0 if all(row.ok for row in rows) else 1


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
