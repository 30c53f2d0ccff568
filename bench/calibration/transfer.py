"""`python -m bench.calibration.transfer`: what `calibrate` wins in the table of label transfer.

The rows "ideal", "turned by 0.5 degrees" and "shifted by 5 cm" of `make bench-transfer`, exact
labels, one camera; then the same after each wrong calibration was mended by what `calibrate` finds
in a minute's drive through the same forest. Corrections and observations are kept in the folder.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

# One core: set before numpy and OpenCV start their threads.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.calibration.planted import with_change
from bench.calibration.recordings import Moments
from bench.calibration.worlds import CAMERAS, late, moments
from bench.transfer_quality.conditions import CONDITIONS, STANDING, Condition
from bench.transfer_quality.core_transfer import CoreTransfer
from bench.transfer_quality.labels import ExactLabels
from bench.transfer_quality.recording import Plan, mounts, record
from bench.transfer_quality.scores import THIN, Score, compare
from bench.transfer_quality.task import Task, label_observation, make_task
from seg_perception.alignment.evidence import Evidence
from seg_perception.calibration.clock_search import OFFSETS_S
from seg_perception.calibration.finding import find

Matrix = NDArray[np.float64]

_FRONT, _FILE = 0, "corrections.jsonl"
_SEEDS = (1, 2, 3)
# Every so many of the moments of a drive.
_EVERY = 2
_CORE = CoreTransfer("ours")


@dataclass(frozen=True)
class Mode:
    """How a calibration is mended: not, by a turn, or by all that is known."""

    name: str
    mends: bool
    only_turn: bool = False


MODES = (Mode("as given", mends=False), Mode("turn", mends=True, only_turn=True), Mode("all", True))


def main() -> None:
    """Score all of it."""
    parser = argparse.ArgumentParser(prog="bench.calibration.transfer")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/bench_calibration"))
    parser.add_argument(
        "--observations", type=Path, default=Path("runs/bench_transfer/observations")
    )
    parser.add_argument("--beams", type=int, nargs="+", default=[32, 128])
    parser.add_argument("--conditions", nargs="+", default=["ideal", "turned", "shifted"])
    parser.add_argument("--modes", nargs="+", default=[mode.name for mode in MODES])
    options = parser.parse_args()
    cv2.setNumThreads(1)
    labeller = ExactLabels()
    thin = [labeller.ontology.ids[name] for name in THIN]
    scores: dict[tuple[int, str, str], Score] = {}
    for seed in _SEEDS:
        for observation in record(Plan(seed), options.observations):
            if observation.drive != STANDING:
                continue
            maps = label_observation(observation, labeller)[:1]
            for beams, condition, mode in _all(options):
                sensor = f"lidar{beams}"
                unknown = labeller.ontology.unknown_id
                task = make_task(observation, condition, maps, sensor, sensor, unknown)
                if mode.mends:
                    task = _mended(task, condition, beams, mode, options.output)
                score = scores.setdefault((beams, condition.key, mode.name), Score(thin))
                score.add(compare(task, _CORE.prepare(task).label()), 0.0, 0.0)
            print(markdown(scores), flush=True)


def _all(options: argparse.Namespace) -> Iterator[tuple[int, Condition, Mode]]:
    for beams in options.beams:
        for condition in CONDITIONS:
            if condition.drive == STANDING and condition.key in options.conditions:
                modes = (mode for mode in MODES if mode.name in options.modes or not mode.mends)
                yield from ((beams, condition, mode) for mode in modes)


def _mended(task: Task, condition: Condition, beams: int, mode: Mode, folder: Path) -> Task:
    given = task.T_base_camera[_FRONT]
    key = f"{task.observation.number} {condition.key} {beams} {mode.name}"
    C = _kept(folder, key)
    if C is None:
        seen = moments(folder, task.observation.number[0], beams, CAMERAS[_FRONT])[::_EVERY]
        change = np.linalg.inv(given) @ mounts()[_FRONT]
        seen = with_change(late(seen, 0.0, OFFSETS_S[-1]), change)
        C = _correction(seen, key, folder, only_turn=mode.only_turn)
    return replace(task, T_base_camera=(given @ np.linalg.inv(C))[None])


def _kept(folder: Path, key: str) -> Matrix | None:
    path = folder / _FILE
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    found = [one["T"] for one in map(json.loads, lines) if one["key"] == key]
    return np.array(found[-1]) if found else None


def _correction(seen: Moments, key: str, folder: Path, *, only_turn: bool) -> Matrix:
    """What is found on top of a wrong calibration, float64 (4, 4), optical frame."""
    finding = find(Evidence(seen), only_turn=only_turn)
    level, _ = finding.judge()
    C = np.eye(4) if level == "undecided" else finding.change
    print(f"{key}: {level}, {finding.figures}", flush=True)
    with (folder / _FILE).open("a", encoding="utf-8") as lines:
        lines.write(json.dumps({"key": key, "level": level, "T": C.tolist()}) + "\n")
    return C


def markdown(scores: dict[tuple[int, str, str], Score]) -> str:
    """Wrong share, IoU of trunks and poles (percent), by condition and mode."""
    modes = [mode.name for mode in MODES]
    lines = ["| lidar, condition | " + " | ".join(modes) + " |", "|---" * (1 + len(modes)) + "|"]
    for beams, condition in dict.fromkeys((beams, condition) for beams, condition, _ in scores):
        cells = (_cell(scores.get((beams, condition, mode))) for mode in modes)
        lines.append(f"| {beams} beams, {condition} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(score: Score | None) -> str:
    if score is None:
        return ""
    thin = " / ".join(f"{100 * score.iou(number):.0f}" for number in range(len(THIN)))
    return f"{100 * score.wrong_share:.1f} / {thin}"


if __name__ == "__main__":
    main()
