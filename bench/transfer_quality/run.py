"""All methods on all observations."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.transfer_quality import radar
from bench.transfer_quality.baselines import (
    Baseline,
    Oracle,
    everything,
    floor_ms,
    hidden_point_removal,
    one_pixel_buffer,
    screen_neighbours,
)
from bench.transfer_quality.conditions import CONDITIONS, Condition
from bench.transfer_quality.core_transfer import CoreTransfer, OneByOne
from bench.transfer_quality.labels import EXACT, MODEL, ExactLabels, Labeller, ModelLabels
from bench.transfer_quality.recording import RADAR, Observation, Plan, record
from bench.transfer_quality.scores import THIN, Score, compare
from bench.transfer_quality.task import PointLabels, Task, label_observation, make_task
from seg_perception.core.types import LabelMap

_NEVER = 1e6
_EXACT_PX = 1e-3


class Prepared(Protocol):
    """A method that has seen the pictures."""

    def label(self) -> PointLabels:
        """Label the cloud."""
        ...


class Method(Protocol):
    """One row of the table."""

    @property
    def name(self) -> str:
        """Of the row."""
        ...

    def prepare(self, task: Task) -> Prepared:
        """What is done once per picture."""
        ...


OURS = CoreTransfer("ours")
NAIVE = Baseline("nearest pixel", everything)
WITHOUT_MOTION = CoreTransfer("ours, without motion", {"transforms.fixed_frame": ""})
LIDAR_METHODS: tuple[Method, ...] = (
    NAIVE,
    Baseline("one-pixel depth buffer", one_pixel_buffer),
    Baseline("hidden-point removal", hidden_point_removal),
    Baseline("neighbours on the screen", screen_neighbours),
    OURS,
    WITHOUT_MOTION,
    CoreTransfer("ours, without deskewing", {"transforms.deskew": False}),
    CoreTransfer("ours, without the lens", {"camera.rectified": True}),
    CoreTransfer("ours, without the shutter", {"camera.readout_s": 0.0}),
    CoreTransfer(
        "ours, without visibility",
        {"transfer.occlusion_ratio": _NEVER, "transfer.occlusion_midpoint_ratio": _NEVER},
    ),
    CoreTransfer("ours, without boundaries", {"transfer.pixel_sigma_px": _EXACT_PX}),
    OneByOne("ours, the last camera counts"),
    Oracle(),
)


@dataclass(frozen=True)
class Cell:
    """Where a score belongs.

    Attributes:
        labels: exact ones or the model's.
        sensor: `lidar32`, `lidar128` or `radar`.
        cameras: how many.
        condition: name.
        method: name.
    """

    labels: str
    sensor: str
    cameras: int
    condition: str
    method: str


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    plans: Sequence[Plan]
    conditions: Sequence[Condition] = CONDITIONS
    methods: Sequence[Method] = LIDAR_METHODS
    radar_methods: Sequence[Method] = radar.METHODS
    cameras: Sequence[int] = (1, 3)
    labels: Sequence[str] = (EXACT, MODEL)


def run(
    extent: Extent, cache: Path, on_observation: Callable[[Observation], None] | None = None
) -> dict[Cell, Score]:
    """Score all methods of an extent.

    Args:
        extent: what is measured.
        cache: where observations are kept.
        on_observation: called with each observation before it is scored.
    """
    labellers: dict[str, Labeller] = {}
    for name in extent.labels:
        labellers[name] = ExactLabels() if name == EXACT else ModelLabels()
    scores: dict[Cell, Score] = {}
    for plan in extent.plans:
        for observation in record(plan, cache):
            if on_observation is not None:
                on_observation(observation)
            for name, labeller in labellers.items():
                maps = label_observation(observation, labeller)
                _score_observation(extent, observation, name, labeller, maps, scores)
    return scores


def _score_observation(
    extent: Extent,
    observation: Observation,
    labels: str,
    labeller: Labeller,
    maps: tuple[LabelMap, ...],
    scores: dict[Cell, Score],
) -> None:
    thin = [labeller.ontology.ids[name] for name in THIN]
    for condition in extent.conditions:
        if condition.drive != observation.drive:
            continue
        for cameras, sensor, methods in _lines(extent, observation):
            lidar = _densest_lidar(observation) if sensor == RADAR else sensor
            task = make_task(
                observation, condition, maps[:cameras], sensor, lidar, labeller.ontology.unknown_id
            )
            floor = _milliseconds(floor_ms(task))[1]
            for method in methods:
                if not _tells_something(method, cameras, labels):
                    continue
                cell = Cell(labels, sensor, cameras, condition.name, method.name)
                prepared = method.prepare(task)
                predicted, spent_ms = _milliseconds(prepared.label)
                score = scores.setdefault(cell, Score(thin))
                score.add(compare(task, predicted), spent_ms, floor)


def _lines(extent: Extent, observation: Observation) -> Iterator[tuple[int, str, Iterable[Method]]]:
    for cameras in extent.cameras:
        for sensor in sorted(observation.sensors):
            yield cameras, sensor, extent.radar_methods if sensor == RADAR else extent.methods


def _tells_something(method: Method, cameras: int, labels: str) -> bool:
    """Which camera counts matters with several; what a filter keeps does not depend on labels."""
    filters = isinstance(method, Baseline) and method.keep is not everything
    return not (isinstance(method, OneByOne) and cameras == 1) and not (filters and labels == MODEL)


def _densest_lidar(observation: Observation) -> str:
    return max(
        set(observation.sensors) - {RADAR}, key=lambda name: len(observation.sensors[name].points)
    )


def _milliseconds(
    function: Callable[[], PointLabels | object],
) -> tuple[PointLabels | object, float]:
    start = time.process_time()
    predicted = function()
    return predicted, 1e3 * (time.process_time() - start)
