"""`python -m soak`: a simulated robot whose sensors fail at random, and what became of the node.

Writes soak.json, soak.svg and the node's log; the exit code is 1 where a verdict fails.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from seg_perception.demo.processes import ProcessError, expect_ros
from soak.picture import draw
from soak.record import Record
from soak.run import Options, soak
from soak.sensors import Extent
from soak.verdicts import Limits, Verdict, judge


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, judge, write."""
    chosen = _parser().parse_args(arguments)
    chosen.output.mkdir(parents=True, exist_ok=True)
    options = Options(
        seconds=chosen.minutes * 60,
        seed=chosen.seed,
        model=chosen.model,
        output=chosen.output,
        pace=chosen.pace,
        warm_s=chosen.warm_up,
        reload_s=chosen.reload_s,
        extent=Extent(chosen.width, chosen.height, chosen.camera_hz, chosen.rings),
    )
    try:
        expect_ros()
        record = soak(options, lambda text: print(text, flush=True))
    except ProcessError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    limits = Limits(memory_mib=chosen.memory_mib, latency_ratio=chosen.latency_ratio)
    verdicts = judge(record, limits)
    _write(chosen.output, options, record, verdicts)
    for verdict in verdicts:
        word = "ok    " if verdict.ok else "FAILED"
        print(f"{word} {verdict.name}: {verdict.measured} (allowed: {verdict.bound})")
    return int(not all(verdict.ok for verdict in verdicts))


def _write(folder: Path, options: Options, record: Record, verdicts: Sequence[Verdict]) -> None:
    document = {
        "options": {**asdict(options), "output": str(options.output)},
        "machine": {"cores": os.cpu_count(), "load": os.getloadavg()},
        "verdicts": [asdict(verdict) for verdict in verdicts],
        "record": asdict(record),
    }
    (folder / "soak.json").write_text(json.dumps(document, indent=1) + "\n")
    (folder / "soak.svg").write_text(draw(record) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1, help="of the faults")
    parser.add_argument("--model", default="field_tiny", help="bundle's name or path")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/soak"))
    parser.add_argument("--pace", type=float, default=1.0, help="length of the faults")
    parser.add_argument(
        "--warm-up", type=float, help="seconds; without it until every fault has been once"
    )
    parser.add_argument(
        "--reload-s", type=float, help="load the model anew so often, beside the other faults"
    )
    parser.add_argument("--camera-hz", type=float, default=10.0)
    parser.add_argument("--width", type=int, default=640, help="of the images (pixel)")
    parser.add_argument("--height", type=int, default=360)
    parser.add_argument("--rings", type=int, default=32, help="of the lidar, 1024 points each")
    parser.add_argument(
        "--memory-mib", type=float, default=Limits.memory_mib, help="growth that is allowed"
    )
    parser.add_argument("--latency-ratio", type=float, default=Limits.latency_ratio)
    return parser


if __name__ == "__main__":
    sys.exit(main())
