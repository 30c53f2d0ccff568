"""What is known of a radar's scan beyond its points: errors, Doppler, and a lidar's labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.errors import TransformError
from seg_perception.fusion.doppler import UNKNOWN, moving, seems_reversed
from seg_perception.fusion.lidar_witness import Bearings, LidarWitness
from seg_perception.fusion.radar import transfer_radar_labels
from seg_perception.fusion.transfer import Transfer
from seg_perception.fusion.view import View
from seg_perception.io.radar import RadarFields, radar_fields
from seg_perception.motion import Motion
from seg_perception.pairing import Sweep
from seg_perception.recent import RecentSweeps


class Radars:
    """Labels radar scans.

    Attributes:
        doppler_problems: by radar, why its Doppler can't be right.
    """

    def __init__(self, config: Config, motion: Motion, recent: RecentSweeps) -> None:
        """Remember whom to ask."""
        self.doppler_problems: dict[str, str] = {}
        self._sensors = config.radars
        self._config = config.radar_transfer
        self._motion = motion
        self._recent = recent

    def label(
        self, sweep: Sweep, xyz: NDArray[np.float32], views: Sequence[View], unknown_id: int
    ) -> Transfer:
        """Labels of the returns, from cameras and, where there is one, a lidar's last sweep."""
        lidar = self._recent.nearest(sweep, self._config.lidar_gap_s)
        witness = None
        if lidar is not None:
            witness = LidarWitness(lidar.xyz, lidar.labels, lidar.confidence)
        bearings = self._bearings(xyz, radar_fields(sweep.cloud))
        return transfer_radar_labels(bearings, views, self._config, unknown_id, witness)

    def moving(self, sweep: Sweep) -> NDArray[np.uint8] | None:
        """Which returns move by themselves, uint8 (N,); None where the radar has no Doppler."""
        fields = radar_fields(sweep.cloud, self._sensors[sweep.sensor].doppler_positive)
        if fields.doppler_mps is None:
            return None
        xyz = sweep.cloud.xyz
        velocity_mps = self._velocity(sweep, fields)
        if velocity_mps is None:
            return np.full(len(xyz), UNKNOWN, np.uint8)
        sigma_rad = self._bearings(xyz, fields).azimuth_sigma_rad
        threshold_mps = self._config.moving_mps
        return moving(xyz, fields.doppler_mps, velocity_mps, sigma_rad, threshold_mps)

    def _velocity(self, sweep: Sweep, fields: RadarFields) -> NDArray[np.float64] | None:
        """What the Doppler holds of the radar's own motion; None where that is not known."""
        if fields.doppler_mps is None or fields.doppler_compensated:
            return np.zeros(3)
        try:
            velocity_mps = self._motion.velocity(sweep)
        except TransformError:
            return None
        if seems_reversed(sweep.cloud.xyz, fields.doppler_mps, velocity_mps):
            self.doppler_problems[sweep.sensor] = (
                f"field {fields.doppler_field!r} has the opposite sign of the robot's own motion, "
                "so what moves is not known; set "
                f"radar.{sweep.sensor}.doppler_positive to the other one of away and towards"
            )
            return None
        self.doppler_problems.pop(sweep.sensor, None)
        return velocity_mps

    def _bearings(self, xyz: NDArray[np.float32], fields: RadarFields) -> Bearings:
        """The errors that the driver states for each return, else those of the configuration."""
        config, count = self._config, len(xyz)

        def stated(
            field: NDArray[np.float32] | None, otherwise: float, most: float
        ) -> NDArray[np.float64]:
            if field is None:
                return np.full(count, otherwise)
            usable = np.isfinite(field) & (field > 0)
            return np.minimum(np.where(usable, field, otherwise), most).astype(np.float64)

        return Bearings(
            xyz,
            stated(fields.azimuth_sigma_rad, config.azimuth_sigma_rad, 1.0),
            stated(fields.elevation_sigma_rad, config.elevation_sigma_rad, 1.0),
            stated(fields.range_sigma_m, config.range_sigma_m, 10.0),
        )
