"""Sound drives one after the other, until so many minutes are driven; what is said of a camera.

Each drive is simulated, replayed and thrown away; its row is kept, so that a run that was broken
off goes on where it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.faults.trial import Outcome, Trials
from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.drive import write_bag

_SECONDS = 200.0
_SENSORS: Mapping[str, Any] = {
    "camera_width": 480,
    "camera_height": 270,
    "camera_rate_hz": 5,
    "lidar_rate_hz": 5,
    "lidar_beams": 32,
    "lidar_columns": 512,
    "radar_rate_hz": 1,
}
_WORLDS: Mapping[str, Mapping[str, Any]] = {
    "forest": {"speed_mps": 1.5},
    "field, traffic": {"scene": "field", "traffic": 4},
    "forest, turning, traffic": {"speed_mps": 2, "yaw_rate_rps": 0.2, "traffic": 6},
}


@dataclass(frozen=True)
class Drive:
    """A drive and what came of it."""

    name: str
    seconds: float
    pictures: int
    said: Mapping[str, float]
    degraded: int

    @classmethod
    def of(cls, name: str, outcome: Outcome) -> Drive:
        """Name an outcome."""
        said, degraded = outcome.said, outcome.degraded
        return cls(name, outcome.seconds, outcome.pictures, said, degraded)


def drive(minutes: float, folder: Path, bags: Sequence[Path]) -> Iterator[Drive]:
    """Recordings first, then worlds by turns until that is so long; results lie in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    results = folder / "sound.jsonl"
    known = {one.name: one for one in _read(results)}
    for bag in bags:
        if bag.stem not in known:
            _write(results, Drive.of(bag.stem, Trials(bag).run()), known)
        yield known[bag.stem]
    driven_s = 0.0
    for number in count(1):
        if driven_s >= 60 * minutes:
            return
        world = list(_WORLDS)[(number - 1) % len(_WORLDS)]
        name = f"{world}, seed {100 + number}"
        if name not in known:
            _write(results, _driven(name, world, 100 + number, folder), known)
        driven_s += known[name].seconds
        yield known[name]


def _driven(name: str, world: str, seed: int, folder: Path) -> Drive:
    values = {**_SENSORS, **_WORLDS[world], "seed": seed, "duration_s": _SECONDS}
    with TemporaryDirectory(dir=folder) as place:
        bag = Path(place) / "drive.mcap"
        write_bag(bag, SimulationConfig.model_validate(values))
        return Drive.of(name, Trials(bag).run())


def _read(results: Path) -> list[Drive]:
    if not results.exists():
        return []
    return [Drive(**json.loads(line)) for line in results.read_text().splitlines()]


def _write(results: Path, found: Drive, known: dict[str, Drive]) -> None:
    known[found.name] = found
    with results.open("a") as file:
        file.write(json.dumps(asdict(found)) + "\n")
