"""The messages that a drive along the forest track makes."""

from __future__ import annotations

import heapq
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor

from seg_perception.simulation import streams
from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.streams import SimulatedMessage
from seg_perception.simulation.world import World

__all__ = ["SimulatedMessage", "simulate"]

_STREAMS = (
    streams.mountings,
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
