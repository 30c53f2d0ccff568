"""`python -m bench.transfer_quality.fit`: the coefficients of confidence that truth asks for.

The confidences of all labelled points are held against whether each label is right: the true
class, and of a point that the camera sees. The coefficients with the least mean logarithmic loss
are printed beside the configured ones, with the expected calibration error of both.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

# One core: set before numpy and OpenCV start their threads.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from bench.transfer_quality.conditions import CONDITIONS
from bench.transfer_quality.core_transfer import CoreTransfer
from bench.transfer_quality.labels import ExactLabels, Labeller, ModelLabels
from bench.transfer_quality.recording import RADAR, Plan, record
from bench.transfer_quality.scores import Score, compare
from bench.transfer_quality.task import Task, label_observation, make_task
from seg_perception.config import TransferConfig

COEFFICIENTS = ("occlusion_midpoint_ratio", "occlusion_steepness", "pixel_sigma_px")
_LEAST, _LEAST_RATIO = 1e-3, 1.001


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4])
    parser.add_argument("--labels", choices=["exact", "model"], default="exact")
    parser.add_argument("--folder", type=Path, default=Path("runs/bench_transfer/observations"))
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    labeller = ExactLabels() if options.labels == "exact" else ModelLabels()
    tasks = ideal_tasks([Plan(seed) for seed in options.seeds], labeller, options.folder)
    configured = np.array([getattr(TransferConfig(), name) for name in COEFFICIENTS])
    best = minimize(
        lambda logs: loss(tasks, np.exp(logs)),
        np.log(configured),
        method="Nelder-Mead",
        options={"maxfev": 80, "xatol": 0.01, "fatol": 1e-5},
    )
    for name, values in (("configured", configured), ("fitted", np.exp(best.x))):
        chosen = ", ".join(f"{n} {v:.2f}" for n, v in zip(COEFFICIENTS, values, strict=True))
        error = calibration_error(tasks, values)
        print(f"{name}: {chosen}: loss {loss(tasks, values):.4f}, calibration error {error:.3f}")
    return 0


def loss(tasks: Sequence[Task], values: NDArray[np.float64]) -> float:
    """Mean logarithmic loss of the confidences."""
    total, count = 0.0, 0
    for task in tasks:
        comparison = compare(task, CoreTransfer("fit", parameters(values)).prepare(task).label())
        sure = (
            comparison.confidence[comparison.labelled].astype(np.float64).clip(_LEAST, 1 - _LEAST)
        )
        right = comparison.right[comparison.labelled]
        total -= float(np.log(np.where(right, sure, 1 - sure)).sum())
        count += len(sure)
    return total / max(count, 1)


def calibration_error(tasks: Sequence[Task], values: NDArray[np.float64]) -> float:
    """Expected calibration error of the confidences."""
    score = Score(())
    for task in tasks:
        score.add(
            compare(task, CoreTransfer("fit", parameters(values)).prepare(task).label()), 0.0, 0.0
        )
    return score.calibration_error


def parameters(values: NDArray[np.float64]) -> Mapping[str, float]:
    """As the configuration names them."""
    named = zip(COEFFICIENTS, values.tolist(), strict=True)
    return {
        f"transfer.{name}": max(value, _LEAST_RATIO)
        if name == "occlusion_midpoint_ratio"
        else value
        for name, value in named
    }


def ideal_tasks(plans: Sequence[Plan], labeller: Labeller, cache: Path) -> list[Task]:
    """One camera and each lidar, in the ideal condition."""
    ideal, unknown_id = CONDITIONS[0], labeller.ontology.unknown_id
    found = []
    for observation in (observation for plan in plans for observation in record(plan, cache)):
        if observation.drive != ideal.drive:
            continue
        maps = label_observation(observation, labeller)[:1]
        lidars = sorted(set(observation.sensors) - {RADAR})
        found += [make_task(observation, ideal, maps, name, name, unknown_id) for name in lidars]
    return found


if __name__ == "__main__":
    sys.exit(main())
