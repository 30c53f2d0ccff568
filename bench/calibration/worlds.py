"""Moments of simulated drives, whose calibration is exact."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.calibration.recordings import Moments
from seg_perception.calibration.check import gather
from seg_perception.config import Config
from seg_perception.inspection import inspect_bag
from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.drive import write_bag

_COUNTS = (1, 4, 12)


def worlds(folder: Path, seeds: int, beams: int, seconds: float) -> Iterator[tuple[str, Moments]]:
    """Name and moments of one drive a seed, with few moments and with many."""
    for seed in range(1, seeds + 1):
        path = folder / f"world_{seed}_{beams}.mcap"
        if not path.exists():
            config = SimulationConfig(
                seed=seed,
                duration_s=seconds,
                speed_mps=2.0,
                camera_width=640,
                camera_height=360,
                lidar_beams=beams,
                lidar_columns=1024,
                radar_rate_hz=1,
            )
            write_bag(path, config)
        found = gather(path, Config.from_parameters(inspect_bag(path).parameters), max(_COUNTS))
        moments = list(found.expect(next(iter(found.of))))
        for count in _COUNTS:
            chosen = np.linspace(0, len(moments) - 1, count).astype(int)
            yield f"world {seed}, {beams} beams", [moments[at] for at in chosen]
