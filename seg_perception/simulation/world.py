"""A robot in a forest, with its sensors."""

from __future__ import annotations

import numpy as np

from seg_perception.ontology import Ontology
from seg_perception.simulation.camera import SimulatedCamera
from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.layout import SceneStyle
from seg_perception.simulation.lidar import SimulatedLidar
from seg_perception.simulation.light import Light
from seg_perception.simulation.radar import SimulatedRadar
from seg_perception.simulation.scene import Scene
from seg_perception.simulation.surfaces import SURFACES
from seg_perception.simulation.trajectory import Trajectory
from seg_perception.types import NANOSECONDS, Calibration


class World:
    """Scene, drive and sensors of one configuration."""

    def __init__(self, config: SimulationConfig) -> None:
        """Grow the forest and mount the sensors.

        Raises:
            ConfigError: no such ontology.
            SegPerceptionError: the ray caster is not installed.
        """
        self.config = config
        ontology = Ontology.load(config.ontology)
        self.class_ids = SURFACES.class_ids(dict(ontology.ids), ontology.unknown_id)
        # The pick-up ahead is a little faster, so that the robot never drives through it.
        style = SceneStyle(vehicle_speed_mps=1.1 * config.speed_mps)
        self.scene = Scene(config.seed, style)
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
