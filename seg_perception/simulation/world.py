"""A robot in a forest, with its sensors."""

from __future__ import annotations

from seg_perception.core.ontology import Ontology
from seg_perception.core.types import NANOSECONDS
from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.layout import SceneStyle
from seg_perception.simulation.lidar import SimulatedLidar
from seg_perception.simulation.light import Light
from seg_perception.simulation.radar import SimulatedRadar
from seg_perception.simulation.rig import mounted_cameras
from seg_perception.simulation.scene import Scene
from seg_perception.simulation.surfaces import SURFACES
from seg_perception.simulation.terrain import GroundStyle
from seg_perception.simulation.trajectory import LateralPath, Oscillation, Slalom, Trajectory

# From the track's centre to its edge, where traffic passes the robot on either side.
_WITH_LANES_M = 3.6


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
        self.scene = Scene(config.seed, _style(config))
        self.trajectory = Trajectory(
            self.scene.track,
            self.scene.terrain,
            config.speed_mps,
            config.duration_s,
            _lateral_path(config),
        )
        self.light = Light()
        self.cameras = mounted_cameras(config)
        self.lidar = SimulatedLidar(
            config.lidar_beams,
            config.lidar_columns,
            config.lidar_view_rad,
            NANOSECONDS // config.lidar_rate_hz,
            config.lidar_range_noise_m,
        )
        self.radar = SimulatedRadar(config)


def _style(config: SimulationConfig) -> SceneStyle:
    return SceneStyle(
        ground=GroundStyle(half_width_m=_WITH_LANES_M) if config.traffic else GroundStyle(),
        # The pick-up ahead is a little faster, so that the robot never drives through it.
        vehicle_speed_mps=1.1 * config.speed_mps,
        is_field=config.scene == "field",
        traffic=config.traffic,
    )


def _lateral_path(config: SimulationConfig) -> LateralPath:
    if config.yaw_rate_rps == 0 or config.speed_mps == 0:
        return Oscillation()
    return Slalom(config.yaw_rate_rps / config.speed_mps)
