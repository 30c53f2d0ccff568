"""`python -m fuzz`: every target in a process of its own; a table, and exit code 1 on a find.

Memory is limited, so that an input that asks for too much is found too.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

from fuzz.run import attack, targets

MEMORY_BYTES = 6 << 30
# In-memory decoders are quick; a bag has to be written first.
SHARES = {"mcap": 0.3, "db3": 0.2, "ros1_bag": 0.2, "bundle_zip": 0.3, "ontology": 0.1}
SHARES |= {
    "bag_metadata": 0.2,
    "parameter_file": 0.1,
    "calibration_file": 0.1,
    "cvat_zip": 0.1,
    "video": 0.3,
}
SHARES |= {"packed_mcap": 0.1, "packed_db3": 0.1}


def main() -> int:
    """Try all targets, or the one that is named."""
    options = _parser().parse_args()
    options.found.mkdir(parents=True, exist_ok=True)
    if options.target:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        return min(1, attack(options.target, options.inputs, options.seed, options.found))
    unit = options.inputs / sum(SHARES.get(name, 1.0) for name in targets())
    counts = {name: round(unit * SHARES.get(name, 1.0)) for name in targets()}
    codes = [_in_process(name, count, options) for name, count in counts.items()]
    print(f"{sum(counts.values())} inputs, {sum(map(bool, codes))} targets with finds")
    return int(any(codes))


def _in_process(name: str, count: int, options: argparse.Namespace) -> int:
    began = time.monotonic()
    command = ["-m", "fuzz", name, "--inputs", str(count), "--seed", str(options.seed)]
    command += ["--found", str(options.found)]
    done = subprocess.run([sys.executable, *command], check=False)
    verdict = "ok" if done.returncode == 0 else f"see {options.found}/{name}.*"
    print(f"{name:18} {count:8} inputs {time.monotonic() - began:7.0f} s  {verdict}", flush=True)
    return done.returncode


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("target", nargs="?", choices=[*targets()], help="without it, all")
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--found", type=Path, default=Path("runs/fuzz"), help="where finds go")
    return parser


if __name__ == "__main__":
    sys.exit(main())
