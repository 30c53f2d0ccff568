"""What is measured, the most telling first: a run that is stopped has that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain, islice
from pathlib import Path

import numpy as np

from bench.calibration.planted import Plant, at_random, grid, nothing, turned
from bench.calibration.recordings import Moments, mismatched, recordings
from bench.calibration.worlds import BEAMS, CAMERAS, SEEDS, moments

# Thresholds were chosen on these.
_CHOSEN = ("world 1", "kitti_drive")
_MANY, _SOME, _FEW = 24, 8, 4


@dataclass(frozen=True)
class Task:
    """One planted error in one recording.

    Attributes:
        name: of the recording.
        source: `recordings`, `simulated`, or `mismatched` where pictures and scans are not of one
            moment and nothing can be said.
        load: its moments.
        plant: the error.
        only_turn: no move is looked for.
    """

    name: str
    source: str
    load: Callable[[], Moments]
    plant: Plant
    only_turn: bool = False

    @property
    def key(self) -> str:
        """Of its result."""
        return f"{self.name}: {self.plant.name}{', turn only' if self.only_turn else ''}"

    @property
    def half(self) -> str:
        """`chosen` or `reported`."""
        return "chosen" if self.name.startswith(_CHOSEN) else "reported"


def tasks(folder: Path, real: Path | None) -> Iterator[Task]:
    """All of them; of the kinds by turns."""
    kinds = [(_driven(folder), 1), (_gridded(folder), 3)]
    if real is not None:
        kinds.insert(0, (_recorded(real), 6))
    # Six short ones for each long one.
    while some := [task for kind, count in kinds for task in islice(kind, count)]:
        yield from some


def _driven(folder: Path) -> Iterator[Task]:
    """A minute of driving, every camera: anything at once; the same by its turn; nothing."""
    drives = [
        (f"world {seed}, {beams} beams, {camera}", partial(_drive, folder, seed, beams, camera))
        for camera in CAMERAS
        for beams in BEAMS
        for seed in SEEDS
    ]
    for number, (name, load) in enumerate(drives):
        yield Task(name, "simulated", partial(load, _MANY), at_random(number))
    for number, (name, load) in enumerate(drives[: len(SEEDS) * len(BEAMS)]):
        yield Task(name, "simulated", partial(load, _MANY), nothing())
        yield Task(name, "simulated", partial(load, _MANY), turned(number)[1], only_turn=True)


def _gridded(folder: Path) -> Iterator[Task]:
    """One thing at a time, in few moments, where false verdicts are likeliest."""
    drives = [
        (f"world {seed}, {beams} beams, {camera}, {count} moments", partial(load, count))
        for count in (_SOME, _FEW)
        for camera in CAMERAS
        for beams in BEAMS
        for seed in SEEDS
        for load in [partial(_drive, folder, seed, beams, camera)]
    ]
    planted = [
        [Task(name, "simulated", load, plant) for plant in (nothing(), *grid(number))]
        for number, (name, load) in enumerate(drives)
    ]
    order = np.random.default_rng(0).permutation(sum(map(len, planted)))
    flat = list(chain(*planted))
    # Sizes and drives by chance, so that any part of the list is a sample of it.
    yield from (flat[at] for at in order)


def _recorded(real: Path) -> Iterator[Task]:
    for name, load in mismatched(real):
        yield Task(name, "mismatched", load, nothing())
    for number, (name, load) in enumerate(recordings(real)):
        for plant in (nothing(), *turned(number)):
            yield Task(name, "recordings", load, plant)


@lru_cache(maxsize=2)
def _whole(folder: Path, seed: int, beams: int, camera: str) -> Moments:
    return moments(folder, seed, beams, camera)


def _drive(folder: Path, seed: int, beams: int, camera: str, count: int) -> Moments:
    seen = _whole(folder, seed, beams, camera)
    return [seen[at] for at in np.linspace(0, len(seen) - 1, count).astype(int)]
