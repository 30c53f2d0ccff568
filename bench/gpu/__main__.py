"""`python -m bench.gpu`: everything that a GPU has to show; one JSON document and a page.

Each step is a process of its own with a time that it may take; all together end within ten
minutes. What is not installed is skipped by name, what fails is no reason to stop.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.gpu.page import page
from bench.gpu.plan import Plan
from bench.gpu.step import Outcome, run_step
from seg_perception.core.json_document import dump_json
from seg_perception.inference.device import find_device, without_device

_LIMIT_S = 590.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, or print the page of a result."""
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("run", "page"), default="run")
    parser.add_argument("result", nargs="?", type=Path, help="of page: a result.json")
    parser.add_argument("--folder", type=Path, default=Path("runs/gpu"), help="of everything made")
    parser.add_argument("--tiny", action="store_true", help="tiny networks on the CPU, for a try")
    options = parser.parse_args(arguments)
    if options.what == "page":
        if options.result is None:
            parser.error("page needs a result.json")
        print(page(json.loads(options.result.read_text())), end="")
        return 0
    if not options.tiny and not find_device():
        print(f"{without_device()}: nothing to measure; --tiny tries it on the CPU")
        return 2
    return run(Plan.tiny(options.folder) if options.tiny else Plan.of_gpu(options.folder))


def run(plan: Plan) -> int:
    """Every step of a plan; 2 where one failed."""
    shutil.rmtree(plan.folder, ignore_errors=True)
    plan.folder.mkdir(parents=True)
    end_s, outcomes = time.monotonic() + _LIMIT_S, list[Outcome]()
    for step in plan.steps():
        outcome = run_step(step, end_s - time.monotonic(), outcomes)
        outcomes.append(outcome)
        print(f"{outcome.name}: {outcome.state}, {outcome.seconds:.0f} s {outcome.why}", flush=True)
    result = {"device": plan.device, "steps": [outcome.to_json() for outcome in outcomes]}
    (plan.folder / "result.json").write_text(dump_json(result))
    (plan.folder / "page.md").write_text(page(result))
    print(f"\n{page(result)}\nin {plan.folder}/result.json and page.md")
    return 2 if any(outcome.state == "failed" for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
