"""Projecting 131,072 points against a plain loop in C, where there is a compiler."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from bench.rows import BenchRow, compare
from bench.transfer import full_turn
from seg_perception.core.types import Calibration
from seg_perception.geometry.camera import CameraModel
from seg_perception.pipeline.frame_convention import T_OPTICAL_BODY

_SIZE = (1024, 768)
_K = np.array([[610.0, 0, 511.5], [0, 610, 383.5], [0, 0, 1]])
_D = np.array([-0.12, 0.03, 0.0005, -0.0004, 0.0])
# Points before the camera and within a fifth more than its angles, then the lens, then the image.
_SOURCE = r"""
long project(long n, const float *xyz, const float *T, const float *k, const float *d,
             int width, int height, int *index, unsigned short *column, unsigned short *row) {
  const float wide = 1.2f * k[2] / k[0], high = 1.2f * k[3] / k[1];
  long found = 0;
  for (long i = 0; i < n; i++) {
    const float *p = xyz + 3 * i;
    const float z = T[8] * p[0] + T[9] * p[1] + T[10] * p[2] + T[11];
    if (z <= 0) continue;
    const float x = (T[0] * p[0] + T[1] * p[1] + T[2] * p[2] + T[3]) / z;
    const float y = (T[4] * p[0] + T[5] * p[1] + T[6] * p[2] + T[7]) / z;
    if (x > wide || -x > wide || y > high || -y > high) continue;
    const float r2 = x * x + y * y, radial = 1 + r2 * (d[0] + r2 * (d[1] + r2 * d[4]));
    const float u = k[0] * (x * radial + 2 * d[2] * x * y + d[3] * (r2 + 2 * x * x)) + k[2];
    const float v = k[1] * (y * radial + d[2] * (r2 + 2 * y * y) + 2 * d[3] * x * y) + k[3];
    const int c = (int)(u + 0.5f), w = (int)(v + 0.5f);
    if (u < -0.5f || v < -0.5f || c >= width || w >= height) continue;
    index[found] = i; column[found] = c; row[found] = w; found++;
  }
  return found;
}
"""


def run() -> list[BenchRow]:
    """Measure what lies in the image of a full turn; no row where nothing compiles."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return []
    with tempfile.TemporaryDirectory() as folder:
        library = _build(compiler, Path(folder))
        return [] if library is None else [_row(library)]


def _build(compiler: str, folder: Path) -> ctypes.CDLL | None:
    source, target = folder / "project.c", folder / "project.so"
    source.write_text(_SOURCE)
    command = [compiler, "-O3", "-march=native", "-shared", "-fPIC", "-o", target, source]
    done = subprocess.run(command, check=False, capture_output=True)
    return ctypes.CDLL(str(target)) if done.returncode == 0 else None


def _row(library: ctypes.CDLL) -> BenchRow:
    T = T_OPTICAL_BODY.copy()
    T[:3, 3] = 0.15, 0.3, -0.3
    camera = CameraModel.from_calibration(Calibration(*_SIZE, _K, "plumb_bob", _D))
    xyz = np.ascontiguousarray(full_turn())
    index = np.empty(len(xyz), np.int32)
    column, row = np.empty(len(xyz), np.uint16), np.empty(len(xyz), np.uint16)
    k = np.array([_K[0, 0], _K[1, 1], _K[0, 2], _K[1, 2]], np.float32)
    arrays = xyz, T.astype(np.float32), k, _D.astype(np.float32)
    inputs = [ctypes.c_void_p(array.ctypes.data) for array in arrays]
    outputs = [ctypes.c_void_p(array.ctypes.data) for array in (index, column, row)]
    library.project.restype = ctypes.c_long

    def loop() -> int:
        count = ctypes.c_long(len(xyz))
        return int(library.project(count, *inputs, *_SIZE, *outputs))

    ours, theirs = len(camera.hits(xyz, T).index), loop()
    if abs(ours - theirs) > 0.01 * ours:
        msg = f"expected about the {ours} points in the image that we find, got {theirs}"
        raise RuntimeError(msg)
    return compare(
        "projection of 131,072 points, 360 degree scan",
        lambda: camera.hits(xyz, T),
        loop,
        budget=3.5,
        name="a plain loop in C",
    )
