"""What is known of a radar's scan beyond its points: errors, Doppler, and a lidar's labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.core.errors import TransformError
from seg_perception.fusion.doppler import UNKNOWN, moving, seems_reversed
from seg_perception.fusion.lidar_prior import Bearings, LidarLabelIndex
from seg_perception.fusion.radar import transfer_radar_labels
from seg_perception.fusion.transfer import Transfer
from seg_perception.fusion.view import View
from seg_perception.io.radar import RadarFields, radar_fields
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.scan_buffer import ScanBuffer
from seg_perception.pipeline.synchronizer import Scan


class RadarLabeller:
    """Labels radar scans.

    Attributes:
        doppler_problems: by radar, why its Doppler can't be right.
    """

    def __init__(self, config: Config, motion: EgoMotion, recent: ScanBuffer) -> None:
        """Remember whom to ask."""
        self.doppler_problems: dict[str, str] = {}
        self._sensors = config.radars
        self._config = config.radar_transfer
        self._motion = motion
        self._recent = recent

    def label(
        self, scan: Scan, xyz: NDArray[np.float32], views: Sequence[View], unknown_id: int
    ) -> Transfer:
        """Labels of the returns, from cameras and, where there is one, a lidar's last scan."""
        lidar = self._recent.nearest(scan, self._config.lidar_gap_s)
        witness = None
        if lidar is not None:
            witness = LidarLabelIndex(lidar.xyz, lidar.labels, lidar.confidence)
        bearings = self._bearings(xyz, radar_fields(scan.cloud))
        return transfer_radar_labels(bearings, views, self._config, unknown_id, witness)

    def moving(self, scan: Scan) -> NDArray[np.uint8] | None:
        """Which returns move by themselves, uint8 (N,); None where the radar has no Doppler."""
        fields = radar_fields(scan.cloud, self._sensors[scan.sensor].doppler_positive)
        if fields.doppler_mps is None:
            return None
        xyz = scan.cloud.xyz
        velocity_mps = self._velocity(scan, fields)
        if velocity_mps is None:
            return np.full(len(xyz), UNKNOWN, np.uint8)
        sigma_rad = self._bearings(xyz, fields).azimuth_sigma_rad
        threshold_mps = self._config.moving_mps
        return moving(xyz, fields.doppler_mps, velocity_mps, sigma_rad, threshold_mps)

    def _velocity(self, scan: Scan, fields: RadarFields) -> NDArray[np.float64] | None:
        """What the Doppler holds of the radar's own motion; None where that is not known."""
        if fields.doppler_mps is None or fields.doppler_compensated:
            return np.zeros(3)
        try:
            velocity_mps = self._motion.velocity(scan)
        except TransformError:
            return None
        if seems_reversed(scan.cloud.xyz, fields.doppler_mps, velocity_mps):
            self.doppler_problems[scan.sensor] = (
                f"field {fields.doppler_field!r} has the opposite sign of the robot's own motion, "
                "so what moves is not known; set "
                f"radar.{scan.sensor}.doppler_positive to the other one of away and towards"
            )
            return None
        self.doppler_problems.pop(scan.sensor, None)
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
