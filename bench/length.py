"""`python -m bench.length`: what ten times the recording costs, in time and memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from seg_perception.core.types import LabelMap
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.images import encode_labels, encode_rgb

_LENGTHS = (40, 400)
_SIZE = (480, 640)
_START_NS, _PERIOD_NS = 10**18, 100_000_000
_CLASSES = 18
_CHILD = (
    "import resource, sys; from seg_perception.cli.main import app; "
    "app(sys.argv[1:], standalone_mode=False); "
    "usage = resource.getrusage(resource.RUSAGE_SELF); "
    "print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss, file=sys.stderr)"
)


def main() -> int:
    """Print a line for each length; fails where time or memory grow faster than the recording."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [_measure(Path(folder), length) for length in _LENGTHS]
        start_s = _measure(Path(folder), 1)[1]
    for length, cpu_s, wall_s, memory_mb in rows:
        print(f"{length:4} images: {cpu_s:6.1f} s of CPU, {wall_s:6.1f} s, {memory_mb:.0f} MB")
    ratio = (rows[1][1] - start_s) / (rows[0][1] - start_s)
    print(f"start-up {start_s:.1f} s of CPU; beyond it the time is {ratio:.1f} times as long")
    return 0 if ratio < 12 and rows[1][3] < rows[0][3] + 30 else 1


def _measure(folder: Path, length: int) -> tuple[int, float, float, float]:
    bag = folder / f"{length}.mcap"
    _write(bag, length)
    command = ["evaluate", str(bag), "-o", str(folder / f"run_{length}"), "--json", "--no-report"]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, *command],
        env={**os.environ, **threads},
        capture_output=True,
        text=True,
        check=True,
    )
    wall_s = time.perf_counter() - start
    cpu_s, memory_kib = done.stderr.splitlines()[-1].split()
    bag.unlink()
    return length, float(cpu_s), wall_s, int(memory_kib) / 1024


def _write(path: Path, length: int) -> None:
    """Blocks of colour and blocks of labels, other ones in each image."""
    random = np.random.default_rng(0)
    block = np.ones((40, 40), np.uint8)
    with BagWriter(path) as bag:
        for n in range(length):
            stamp_ns = _START_NS + n * _PERIOD_NS
            colors = random.integers(0, 256, (_SIZE[0] // 40, _SIZE[1] // 40, 3), np.uint8)
            labels = random.integers(0, _CLASSES, colors.shape[:2], np.uint8)
            rgb = np.kron(colors, block[..., None])
            truth = np.kron(labels, block)
            label_map = LabelMap("front", truth, truth, stamp_ns, "camera")
            bag.write("/camera/front/image_raw", encode_rgb(rgb, stamp_ns, "camera"), stamp_ns)
            bag.write("/camera/front/truth", encode_labels(label_map), stamp_ns)


if __name__ == "__main__":
    sys.exit(main())
