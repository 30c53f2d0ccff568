"""`python -m bench.live`: our nodes against their work in a row, at an engine of 15 ms."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.live.rig import Rig
from bench.live.table import comparison, verdict
from bench.live.trial import BASELINE, NODES, Trial, run_trial
from seg_perception.core.json_document import dump_json
from seg_perception.demo.processes import expect_ros


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every number of cameras, print the tables, leave all in the folder."""
    options = _parser().parse_args(arguments)
    expect_ros()
    options.folder.mkdir(parents=True, exist_ok=True)
    document: dict[str, Any] = {}
    texts = []
    for cameras in options.cameras:
        trials = _run(Rig(cameras, options.camera_hz), options)
        document[f"{cameras} cameras"] = {
            name: [asdict(one) for one in found] for name, found in trials.items()
        }
        texts.append(comparison(cameras, options.camera_hz, trials))
    (options.folder / "result.json").write_text(dump_json(document))
    (options.folder / "tables.md").write_text("\n\n".join(texts) + "\n")
    print("\n\n".join(texts))
    print(verdict(trials))
    return 0


def _run(rig: Rig, options: argparse.Namespace) -> dict[str, list[Trial]]:
    """All systems in turns."""
    trials: dict[str, list[Trial]] = {name: [] for name in NODES}
    for number in range(options.trials):
        for system in NODES if number % 2 == 0 else reversed(NODES):
            folder = options.folder / f"{rig.cameras}_cameras_{number}_{system}"
            shutil.rmtree(folder, ignore_errors=True)
            settings = {} if system == BASELINE else {"segmentation.decode": options.decode}
            trials[system].append(run_trial(system, rig, options.seconds, folder, settings))
            print(f"{rig.cameras} cameras, trial {number + 1}, {system}: done", flush=True)
    return trials


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m bench.live", description=__doc__)
    made.add_argument("--folder", type=Path, default=Path("runs/bench_live"))
    made.add_argument("--cameras", type=int, nargs="+", default=[1, 2, 4])
    made.add_argument("--camera-hz", type=float, default=20.0)
    made.add_argument("--seconds", type=float, default=15.0, help="that count, of each trial")
    made.add_argument("--decode", choices=("full", "reduced"), default="full", help="of ours")
    made.add_argument("--trials", type=int, default=1, help="of each system")
    return made


if __name__ == "__main__":
    sys.exit(main())
