"""`python -m bench.transfer_quality.plausibility`: labels that are taken back, against the truth.

On the simulated forests of `python -m bench.transfer_quality`: how many labels of lidar points and
radar returns can't be, how many of the wrong ones that is, and how many right ones are lost. Sky
returns nothing, so no truth is sky; ground is counted at several limits of its elevation.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.transfer_quality.conditions import CONDITIONS
from bench.transfer_quality.core_transfer import CoreTransfer
from bench.transfer_quality.extents import WHOLE
from bench.transfer_quality.labels import EXACT, MODEL, ExactLabels, Labeller, ModelLabels
from bench.transfer_quality.recording import RADAR, Observation, record
from bench.transfer_quality.task import Task, label_observation, make_task
from seg_perception.core.types import PointStatus, SemanticCloud

_LIMITS_DEG = (35, 20, 10, 5)
_UNTESTED = {"plausibility.sky_groups": [], "plausibility.ground_groups": []}
Key = tuple[str, str, str]


def measure(cache: Path) -> dict[Key, Counter[str]]:
    """Counts by labels, sensor and condition; one camera."""
    labellers: dict[str, Labeller] = {EXACT: ExactLabels(), MODEL: ModelLabels()}
    counts: dict[Key, Counter[str]] = {}
    for plan in WHOLE.plans:
        for observation in record(plan, cache):
            for name, labeller in labellers.items():
                for key, task in _tasks(observation, labeller):
                    counted = counts.setdefault((name, *key), Counter())
                    counted.update(_count(task))
    return counts


def _tasks(observation: Observation, labeller: Labeller) -> Iterator[tuple[tuple[str, str], Task]]:
    maps = label_observation(observation, labeller)[:1]
    for condition in CONDITIONS:
        if condition.drive != observation.drive:
            continue
        for sensor in sorted(observation.sensors):
            is_radar = sensor == RADAR
            lidar, kind = ("lidar128", "radar") if is_radar else (sensor, "lidar")
            unknown_id = labeller.ontology.unknown_id
            task = make_task(observation, condition, maps, sensor, lidar, unknown_id)
            yield (kind, condition.name), task


def _count(task: Task) -> dict[str, int]:
    plain = _labelled(task, _UNTESTED)
    known = plain.status == PointStatus.LABELLED
    right = plain.labels == task.truth.labels
    found = {"labelled": known, "wrong": known & ~right}
    without_sky = _taken_back(_labelled(task, {**_UNTESTED, "plausibility.sky_groups": ["sky"]}))
    found["sky"], found["sky, right"] = known & without_sky, known & without_sky & right
    for limit_deg in _LIMITS_DEG:
        tested = {
            "plausibility.sky_groups": [],
            "plausibility.max_ground_elevation_deg": float(limit_deg),
        }
        back = known & _taken_back(_labelled(task, tested))
        found[f"ground {limit_deg}"], found[f"ground {limit_deg}, right"] = back, back & right
    return {name: int(np.count_nonzero(points)) for name, points in found.items()}


def _labelled(task: Task, parameters: dict[str, object]) -> SemanticCloud:
    prepared = CoreTransfer("", parameters).prepare(task)
    return prepared.core.label(task.sensor, task.cloud)


def _taken_back(semantic: SemanticCloud) -> NDArray[np.bool_]:
    return np.asarray(semantic.status == PointStatus.CONTRADICTED)


def markdown(counts: dict[Key, Counter[str]]) -> str:
    """A table; in brackets those that were right."""
    heads = ["labels", "sensor", "condition", "labelled", "wrong", "sky (right)"]
    heads += [f"ground above {limit}° (right)" for limit in _LIMITS_DEG]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for key, count in counts.items():
        names = ["sky", *(f"ground {limit}" for limit in _LIMITS_DEG)]
        backs = [f"{count[name]:,} ({count[f'{name}, right']:,})" for name in names]
        cells = [*key, f"{count['labelled']:,}", f"{count['wrong']:,}", *backs]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.transfer_quality.plausibility")
    parser.add_argument("--folder", type=Path, default=Path("runs/bench_transfer"))
    folder = parser.parse_args(arguments).folder
    print(markdown(measure(folder / "observations")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
