"""`python tools/each_cpu.py COMMAND ...`: a command as on several processors.

Runs it with each set of instructions that this processor has, with one thread and with two,
and stops at the first that fails.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

# By what /proc/cpuinfo calls them: of torch, and the kernels of numpy's OpenBLAS that go with it.
_INSTRUCTIONS = {
    "sse2": ("default", "Prescott"),
    "avx2": ("avx2", "Haswell"),
    "avx512f": ("avx512", "SkylakeX"),
}


def processors(flags: Sequence[str]) -> Iterator[dict[str, str]]:
    """Variables that make torch, OpenMP and OpenBLAS work as on each processor.

    Args:
        flags: what this processor has; without any, torch's plain kernels alone are tried.
    """
    known = [names for flag, names in _INSTRUCTIONS.items() if flag in flags] or [("default", "")]
    for (torch, blas), threads in product(known, (1, 2)):
        chosen = {"ATEN_CPU_CAPABILITY": torch, "OMP_NUM_THREADS": str(threads)}
        yield chosen | ({"OPENBLAS_CORETYPE": blas} if blas else {})


def main(command: Sequence[str]) -> int:
    """Run the command; its exit code where it fails."""
    info = Path("/proc/cpuinfo")
    flags = info.read_text(encoding="utf-8").split() if info.is_file() else []
    for variables in processors(flags):
        sys.stdout.write(" ".join(f"{name}={value}" for name, value in variables.items()) + "\n")
        sys.stdout.flush()
        if code := subprocess.run(command, env={**os.environ, **variables}, check=False).returncode:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
