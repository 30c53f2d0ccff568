"""`make bench-calibration`: planted errors in simulated drives and public recordings.

    python -m bench.calibration [--real FOLDER] [-o runs/bench_calibration] [--part 0/2]

Every result is a line of results.jsonl: a run goes on where the last one ended, and several
processes may take a part each. The tables are of what is there; each false verdict is listed.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

# One core: set before numpy and OpenCV start their threads.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import cv2

from bench.calibration import report
from bench.calibration.planted import Case, say
from bench.calibration.tasks import tasks


def main() -> None:
    """Measure what is not measured yet, and print the tables."""
    options = _options()
    options.output.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    part, parts = (int(number) for number in options.part.split("/"))
    file = options.output / f"results_{part}.jsonl"
    done = {case.key for case in read(options.output)}
    end_s = time.monotonic() + 60 * options.minutes
    for number, task in enumerate(tasks(options.output, options.real)):
        is_wanted = options.only in (None, task.source) and options.match in task.key
        if number % parts != part or task.key in done or not is_wanted:
            continue
        if time.monotonic() > end_s:
            break
        case = say(
            task.key,
            task.source,
            task.half,
            task.load(),
            task.plant,
            only_turn=task.only_turn,
        )
        print(report.line(case), flush=True)
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(case.to_json()) + "\n")
    print(report.markdown(read(options.output)))


def read(folder: Path) -> list[Case]:
    """What was measured so far, by all processes; each case once."""
    cases = (
        Case.from_json(json.loads(line))
        for path in sorted(folder.glob("results_*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    )
    return list({case.key: case for case in cases}.values())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.calibration")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/bench_calibration"))
    parser.add_argument("--real", type=Path, help="folder of public recordings")
    parser.add_argument("--part", default="0/1", help="which of so many processes this is")
    parser.add_argument("--only", choices=("recordings", "simulated", "mismatched"))
    parser.add_argument("--match", default="", help="of the cases' names")
    parser.add_argument("--minutes", type=float, default=600.0, help="no case begins later")
    return parser.parse_args()


if __name__ == "__main__":
    main()
