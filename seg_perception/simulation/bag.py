"""A drive along the forest track, as a bag."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from seg_perception.core.types import NANOSECONDS
from seg_perception.io.bag_writer import BagWriter
from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.drive import simulate


def write_bag(
    path: str | Path,
    config: SimulationConfig,
    on_progress: Callable[[float], None] | None = None,
) -> None:
    """Simulate and record.

    Args:
        path: as BagWriter takes it.
        config: what is simulated.
        on_progress: told the share that is done, 0 to 1.

    Raises:
        BagError: the bag can't be written.
        ConfigError: no such ontology.
        SegPerceptionError: the ray caster is not installed.
    """
    with BagWriter(path) as bag:
        for event in simulate(config):
            bag.write(event.topic, event.message, event.log_time_ns, event.latched)
            if on_progress is not None:
                done_s = (event.log_time_ns - config.stamp_ns) / NANOSECONDS
                on_progress(min(max(done_s / config.duration_s, 0.0), 1.0))
