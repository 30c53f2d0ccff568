"""`python -m bench.transfer_quality.subpixel`: are labels at the points worth more than at pixels?

Today a point takes the label of its pixel in the network's label map. Here it is asked for at the
point itself, in other ways, through the same test of visibility as on robots and with visibility
known, and compared with what could be won at most. With `--real DATA` also on RELLIS-3D.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

# One core: set before numpy and OpenCV start their threads.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import cv2

from bench.transfer_quality.conditions import CONDITIONS, STANDING
from bench.transfer_quality.labels import ExactLabels, frame_of
from bench.transfer_quality.recording import Observation, Plan, record
from bench.transfer_quality.scores import THIN, Score, compare
from bench.transfer_quality.subpixel_real import rellis
from bench.transfer_quality.subpixel_rows import Row, exact_ways, model_ways, with_bounds
from bench.transfer_quality.subpixel_scan import seen_by_us, seen_in_truth, view_of
from bench.transfer_quality.tapped_model import TappedModel
from bench.transfer_quality.task import make_task

OURS, KNOWN = "ours", "known"
_SEEDS = (1, 2, 3)
_IDEAL = CONDITIONS[0]


@dataclass
class Result:
    """What came of a way, over all pictures."""

    sent_bytes: int
    scores: dict[str, Score]
    lookup_ms: list[float] = field(default_factory=list)


def race(seeds: list[int], sensor: str, cache: Path) -> dict[tuple[str, str], Result]:
    """Score all ways on simulated forests, the front camera, the robot at rest."""
    model, exact = TappedModel(), ExactLabels()
    results: dict[tuple[str, str], Result] = {}
    for observation in _standing(seeds, cache):
        tapped = model.label(frame_of(observation, 0))
        classes = len(model.ontology.names)
        ways = exact_ways(exact.label(observation, 0), tapped.label_map, classes)
        truth = observation.sensors[sensor].labels
        for row in with_bounds([*ways, *model_ways(tapped, model)], truth):
            _score(row, observation, sensor, model, results)
    return results


def _standing(seeds: list[int], cache: Path) -> Iterator[Observation]:
    for seed in seeds:
        yield from (one for one in record(Plan(seed), cache) if one.drive == STANDING)


def _score(
    row: Row,
    observation: Observation,
    sensor: str,
    model: TappedModel,
    results: dict[tuple[str, str], Result],
) -> None:
    unknown = model.ontology.unknown_id
    task = make_task(observation, _IDEAL, (row.base,), sensor, sensor, unknown)
    thin = [model.ontology.ids[name] for name in THIN]
    fresh = Result(row.lookup.sent_bytes, {OURS: Score(thin), KNOWN: Score(thin)})
    result = results.setdefault((row.source, row.name), fresh)
    view = view_of(row.base, task.T_camera_sensor(0))
    ours = seen_by_us(task.xyz, view, row.lookup, unknown)
    result.lookup_ms.append(ours.spent_ms)
    result.scores[OURS].add(compare(task, ours.labels), 0.0, 0.0)
    known = seen_in_truth(task, row.lookup, unknown)
    result.scores[KNOWN].add(compare(task, known.labels), 0.0, 0.0)


def markdown(results: dict[tuple[str, str], Result]) -> str:
    """A table: wrong share / IoU of the thin classes, by our visibility and by the known one."""
    lines = ["| labels | read as | ours | visibility known | ms | kB a picture |", "|---" * 6 + "|"]
    for (source, name), result in results.items():
        cells = " | ".join(_cell(result.scores[kind]) for kind in (OURS, KNOWN))
        spent, sent = median(result.lookup_ms), result.sent_bytes / 1000
        lines.append(f"| {source} | {name} | {cells} | {spent:.1f} | {sent:.0f} |")
    return "\n".join(lines)


def _cell(score: Score) -> str:
    thin = (f"{100 * score.iou(number):.1f}" for number in range(len(THIN)))
    return f"{100 * score.wrong_share:.2f} / " + " / ".join(thin)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.transfer_quality.subpixel")
    parser.add_argument(
        "--observations", type=Path, default=Path("runs/bench_transfer/observations")
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=list(_SEEDS))
    parser.add_argument("--sensors", nargs="+", default=["lidar128", "lidar32"])
    parser.add_argument("--real", type=Path, help="folder with RELLIS-3D's sample")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    for sensor in options.sensors:
        print(f"**{sensor}**\n")
        print(markdown(race(options.seeds, sensor, options.observations)) + "\n", flush=True)
    if options.real is not None:
        print(rellis(options.real))


if __name__ == "__main__":
    main()
