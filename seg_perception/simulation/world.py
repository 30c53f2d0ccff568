"""A robot in a forest, and the messages that its drive makes."""

from __future__ import annotations

import heapq
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from seg_perception.io.messages import Message
from seg_perception.ontology import Ontology
from seg_perception.simulation import streams
from seg_perception.simulation.camera import SimulatedCamera
from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.lidar import SimulatedLidar
from seg_perception.simulation.light import Light
from seg_perception.simulation.radar import SimulatedRadar
from seg_perception.simulation.scene import Scene
from seg_perception.simulation.surfaces import SURFACES
from seg_perception.simulation.trajectory import Trajectory
from seg_perception.types import NANOSECONDS, Calibration


@dataclass(frozen=True)
class SimulatedMessage:
    """One message of the drive.

    Attributes:
        topic: where it is published.
        message: one of io.messages.
        log_time_ns: when it would reach a recorder: its stamp, and the sensor's latency.
        latched: late subscribers get it too.
    """

    topic: str
    message: Message
    log_time_ns: int
    latched: bool = False


class World:
    """Scene, drive and sensors of one configuration."""

    def __init__(self, config: SimulationConfig) -> None:
        """Grow the forest and mount the sensors.

        Raises:
            ConfigError: no such ontology.
            SegPerceptionError: the ray caster is not installed.
        """
        self.config = config
        self.scene = Scene(config.seed)
        self.trajectory = Trajectory(
            self.scene.track, self.scene.terrain, config.speed_mps, config.duration_s
        )
        self.light = Light()
        self.camera = SimulatedCamera(calibration(config))
        self.lidar = SimulatedLidar(
            config.lidar_beams,
            config.lidar_columns,
            config.lidar_view_rad,
            NANOSECONDS // config.lidar_rate_hz,
            config.lidar_range_noise_m,
        )
        self.radar = SimulatedRadar(config)
        ontology = Ontology.load(config.ontology)
        self.unknown_id = ontology.unknown_id
        self.class_ids = SURFACES.class_ids(dict(ontology.ids), ontology.unknown_id)

    def messages(self) -> Iterator[SimulatedMessage]:
        """Everything that is published, in the order of its log time."""
        sources = (
            streams.mountings,
            streams.motion,
            streams.camera_frames,
            streams.lidar_sweeps,
            streams.radar_scans,
        )
        running = [_one_ahead(source(self)) for source in sources]
        try:
            yield from heapq.merge(*running, key=lambda message: message.log_time_ns)
        finally:
            for stream in running:
                stream.close()


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
    yield from World(config).messages()


def calibration(config: SimulationConfig) -> Calibration:
    """The camera's lens: slightly barrel-shaped, its centre a little off the middle."""
    width, height = config.camera_width, config.camera_height
    focal = width / (2 * np.tan(config.camera_view_rad / 2))
    k = np.array(
        [
            [focal, 0, 0.5 * (width - 1) + 0.004 * width],
            [0, focal, 0.5 * (height - 1) - 0.003 * height],
            [0, 0, 1],
        ]
    )
    d = np.array([-0.11, 0.025, 0.0006, -0.0004, 0.0])
    return Calibration(width, height, k, "plumb_bob", d, p=np.hstack([k, np.zeros((3, 1))]))


def _one_ahead(
    stream: Iterator[SimulatedMessage],
) -> Generator[SimulatedMessage, None, None]:
    """Prepare the next message of a stream while others are being used."""
    with ThreadPoolExecutor(1, thread_name_prefix="simulation") as worker:
        pending = worker.submit(next, stream, None)
        while (message := pending.result()) is not None:
            pending = worker.submit(next, stream, None)
            yield message
