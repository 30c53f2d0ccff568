"""`make bench-memory`: how much of a scan is known when labels are remembered, and how right.

    python -m bench.memory [--worlds 3] [-o runs/bench_memory]

Drives of half a minute through simulated forests with people and vehicles that move, and their
first five seconds once more after a minute. Prints Markdown tables and writes result.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from bench.memory.drive import Condition, drive, labelled
from bench.memory.labels import EXACT, MODEL, ExactLabels, Labeller, ModelLabels
from bench.memory.odometry import DRIFTS, LidarOdometry
from bench.memory.picture import write_png
from bench.memory.recording import DRIVE_S, STEP_S, Recording, recording
from bench.memory.scores import Score

CONDITIONS = (
    Condition(),
    Condition(cameras=3),
    *(Condition(odometry=drift) for drift in DRIFTS),
    Condition(odometry=LidarOdometry()),
    Condition(changed={"memory.clear_rays": True}),
    Condition(changed={"memory.min_confidence": 0.5}),
)
_COLUMNS = tuple(Score().shares())


def main() -> None:
    """Run all of it."""
    options = _options()
    labellers: dict[str, Labeller] = {EXACT: ExactLabels(), MODEL: ModelLabels()}
    _draw(labellers[MODEL], options.output)
    for seed in range(1, options.worlds + 1):
        way_m, off_m = LidarOdometry().drift(_recorded(seed, options.output))
        print(f"world {seed}: KISS-ICP is {off_m:.2f} m off after {way_m:.1f} m", flush=True)
    document = {}
    for name, labeller in labellers.items():
        for condition in CONDITIONS:
            total: dict[str, Score] = {}
            for seed in range(1, options.worlds + 1):
                recorded = _recorded(seed, options.output)
                for moment, score in drive(recorded, labeller, condition).items():
                    total.setdefault(moment, Score()).merge(score)
            print(_table(f"{name}, {condition.name}", total), flush=True)
            document[f"{name}, {condition.name}"] = {
                moment: {**vars(score), "shares": score.shares()} for moment, score in total.items()
            }
            (options.output / "result.json").write_text(json.dumps(document, indent=1))


def _recorded(seed: int, output: Path) -> Recording:
    recorded = recording(seed, output / "cache")
    recorded.record()
    return recorded


def _draw(labeller: Labeller, output: Path) -> None:
    """A scan at the end of the first world's drive, without memory and with it."""
    recorded = _recorded(1, output)
    for step, semantic in labelled(recorded, labeller, Condition()):
        if step.time_s + STEP_S >= DRIVE_S:
            write_png(output / "memory.png", semantic, labeller.ontology)
            return


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.memory")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/bench_memory"))
    parser.add_argument("--worlds", type=int, default=3, help="simulated worlds")
    return parser.parse_args()


def _table(title: str, scores: dict[str, Score]) -> str:
    lines = [
        f"\n{title}\n",
        f"| after | {' | '.join(_COLUMNS)} |",
        "|---" * (len(_COLUMNS) + 1) + "|",
    ]
    for moment, score in scores.items():
        cells = (f"{share:.1f}" for share in score.shares().values())
        lines.append(f"| {moment} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
