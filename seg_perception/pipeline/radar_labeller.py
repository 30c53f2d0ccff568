"""Labels of a radar's scan: from the cameras, the errors of its bearings, and a lidar's labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.core.errors import TransformError
from seg_perception.core.issue_kinds.places import DOPPLER_REVERSED
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.message_accounting import stream
from seg_perception.core.types import SemanticCloud
from seg_perception.fusion.doppler import UNKNOWN, moving, seems_reversed
from seg_perception.fusion.lidar_prior import Bearings, LidarLabelIndex
from seg_perception.fusion.plausibility import Plausibility
from seg_perception.fusion.radar import transfer_radar_labels
from seg_perception.fusion.transfer import Transfer
from seg_perception.fusion.view import View
from seg_perception.io.radar import RadarFields, radar_fields
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.scan import Scan
from seg_perception.pipeline.scan_buffer import ScanBuffer


class RadarLabeller:
    """Labels radar scans, and tells which returns move."""

    def __init__(
        self,
        config: Config,
        motion: EgoMotion,
        scans: ScanBuffer,
        issues: IssueLog,
        plausibility: Plausibility,
    ) -> None:
        """Remember whom to ask."""
        self._sensors = config.radars
        self._config = config.radar_transfer
        self._motion = motion
        self._scans = scans
        self._issues = issues
        self._plausibility = plausibility

    def reconfigure(self, config: Config) -> None:
        """Work with other ranges and thresholds from now on."""
        self._config = config.radar_transfer

    def transfer(
        self, scan: Scan, xyz: NDArray[np.float32], views: Sequence[View], unknown_id: int
    ) -> Transfer:
        """Labels of the returns, from cameras and, where there is one, a lidar's last scan.

        Args:
            scan: where they come from.
            xyz: float32 (N, 3), metre, at the scan's stamp, sensor frame.
            views: of the cameras.
            unknown_id: label of returns that get none.
        """
        lidar = self._scans.nearest(scan, self._config.lidar_gap_s)
        index = None
        if lidar is not None:
            index = LidarLabelIndex(lidar.xyz, lidar.labels, lidar.confidence, lidar.seen)
        bearings = self._bearings(xyz, radar_fields(scan.cloud))
        return transfer_radar_labels(
            bearings, views, self._config, unknown_id, index, self._plausibility
        )

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

    def remember(self, scan: Scan, xyz: NDArray[np.float32], semantic: SemanticCloud) -> None:
        """Keep nothing: what a radar hears helps no later scan."""

    def _velocity(self, scan: Scan, fields: RadarFields) -> NDArray[np.float64] | None:
        """What the Doppler holds of the radar's own motion; None where that is not known."""
        if fields.doppler_mps is None or fields.doppler_compensated:
            return np.zeros(3)
        try:
            velocity_mps = self._motion.velocity(scan)
        except TransformError:
            return None
        name = stream("radar", scan.sensor)
        if seems_reversed(scan.cloud.xyz, fields.doppler_mps, velocity_mps):
            self._issues.hold(DOPPLER_REVERSED, name, field=fields.doppler_field, radar=scan.sensor)
            return None
        self._issues.release(DOPPLER_REVERSED, name)
        return velocity_mps

    def _bearings(self, xyz: NDArray[np.float32], fields: RadarFields) -> Bearings:
        """The errors that the driver states for each return, else those of the configuration."""
        config, count = self._config, len(xyz)

        def stated(
            field: NDArray[np.float32] | None, otherwise: float, most: float
        ) -> NDArray[np.float64]:
            if field is None:
                return np.full(count, otherwise, np.float64)
            usable = np.isfinite(field) & (field > 0)
            return np.asarray(np.minimum(np.where(usable, field, otherwise), most), np.float64)

        return Bearings(
            xyz,
            stated(fields.azimuth_sigma_rad, config.azimuth_sigma_rad, 1.0),
            stated(fields.elevation_sigma_rad, config.elevation_sigma_rad, 1.0),
            stated(fields.range_sigma_m, config.range_sigma_m, 10.0),
        )
