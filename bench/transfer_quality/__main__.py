"""`python -m bench.transfer_quality`: tables and curves in runs/bench_transfer."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

# One core: set before numpy and OpenCV start their threads.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import cv2

from bench.transfer_quality import curves, report
from bench.transfer_quality.extents import SHORT, WHOLE
from bench.transfer_quality.recording import Observation
from bench.transfer_quality.run import run


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and leave what was found in a folder."""
    parser = argparse.ArgumentParser(prog="python -m bench.transfer_quality", description=__doc__)
    parser.add_argument("--short", action="store_true", help="one small observation")
    parser.add_argument("--folder", type=Path, default=Path("runs/bench_transfer"))
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    start = time.monotonic()

    def tell(observation: Observation) -> None:
        seconds = time.monotonic() - start
        seed, number = observation.number
        print(
            f"{seconds:6.1f} s  forest {seed}, observation {number}, {observation.drive.name}",
            flush=True,
        )

    scores = run(SHORT if options.short else WHOLE, options.folder / "observations", tell)
    report.write(scores, options.folder)
    curves.write(scores, options.folder / "curves")
    curves.write_overviews(scores, options.folder)
    print(report.markdown(scores))
    return 0


if __name__ == "__main__":
    sys.exit(main())
