"""A drive along the forest track: its messages in the order of their log time, or a bag."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from seg_perception.core.types import NANOSECONDS
from seg_perception.io.bag_writer import BagWriter
from seg_perception.simulation import streams
from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.streams import SimulatedMessage
from seg_perception.simulation.world import World

__all__ = ["SimulatedMessage", "simulate", "write_bag"]

_STREAMS = (
    streams.static_transforms,
    streams.motion,
    streams.camera_frames,
    streams.lidar_scans,
    streams.radar_scans,
)


def simulate(config: SimulationConfig) -> Iterator[SimulatedMessage]:
    """Drive along the forest track.

    Args:
        config: what is simulated; the same one gives the same bytes.

    Yields:
        Messages in the order of their log time.

    Raises:
        ConfigError: no such ontology.
        SegPerceptionError: the ray caster is not installed.
    """
    world = World(config)
    running = [_one_ahead(stream(world)) for stream in _STREAMS]
    try:
        yield from heapq.merge(*running, key=lambda message: message.log_time_ns)
    finally:
        for stream in running:
            stream.close()


def _one_ahead(
    stream: Iterator[SimulatedMessage],
) -> Generator[SimulatedMessage, None, None]:
    """Prepare the next message of a stream while others are being used."""
    with ThreadPoolExecutor(1, thread_name_prefix="simulation") as worker:
        pending = worker.submit(next, stream, None)
        while (message := pending.result()) is not None:
            pending = worker.submit(next, stream, None)
            yield message


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
