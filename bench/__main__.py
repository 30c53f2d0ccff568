"""`python -m bench`: print every step's ratio to its rival; fails where one is over budget."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys

# One core: set before numpy and OpenCV start their threads.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import cv2

import bench
from bench.rows import BenchRow


def main() -> int:
    """Run every module of this folder that has a `run`."""
    cv2.setNumThreads(1)
    names = sorted(module.name for module in pkgutil.iter_modules(bench.__path__))
    modules = [importlib.import_module(f"bench.{name}") for name in names if name != "__main__"]
    rows = [row for module in modules if hasattr(module, "run") for row in module.run()]
    _print(rows)
    return 0 if all(row.ok for row in rows) else 1


def _print(rows: list[BenchRow]) -> None:
    width = max(len(row.step) for row in rows)
    print(f"{'step':{width}}  measured / rival  budget  ok   detail")
    for row in rows:
        ok = "yes" if row.ok else "NO"
        print(f"{row.step:{width}}  {row.ratio:16.3f}  {row.budget:6.2f}  {ok:3}  {row.detail}")


if __name__ == "__main__":
    sys.exit(main())
