"""From a scan to a semantic cloud: the steps, whatever the sensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.core.errors import TransformError
from seg_perception.core.types import PointStatus, SemanticCloud
from seg_perception.fusion.self_filter import SelfFilter
from seg_perception.fusion.transfer import Transfer
from seg_perception.fusion.view import View
from seg_perception.geometry.deskew import ScanMotion
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.scan import Scan
from seg_perception.pipeline.view_selector import SelectedViews, ViewSelector


class SensorLabeller(Protocol):
    """What differs from one kind of sensor to another."""

    def reconfigure(self, config: Config) -> None:
        """Work with other values of the live parameters from now on."""

    def transfer(
        self, scan: Scan, xyz: NDArray[np.float32], views: Sequence[View], unknown_id: int
    ) -> Transfer:
        """Labels of the points (float32 (N, 3), metre, at the scan's stamp, sensor frame)."""

    def moving(self, scan: Scan) -> NDArray[np.uint8] | None:
        """Which points move by themselves, uint8 (N,); None where the sensor does not tell."""

    def remember(self, scan: Scan, xyz: NDArray[np.float32], semantic: SemanticCloud) -> None:
        """Keep a labelled scan for those that come after; `xyz` as for `transfer`."""


class CloudLabeller:
    """Labels the scans of one sensor."""

    def __init__(
        self,
        sensor: SensorLabeller,
        motion: EgoMotion,
        views: ViewSelector,
        self_filter: SelfFilter,
        unknown_id: int,
    ) -> None:
        """Remember whom to ask; `unknown_id` is the label of points that get none."""
        self._sensor = sensor
        self._motion = motion
        self._views = views
        self._self_filter = self_filter
        self._unknown_id = unknown_id

    def reconfigure(self, config: Config) -> None:
        """Work with other values of the live parameters from now on."""
        self._sensor.reconfigure(config)

    def label(self, scan: Scan) -> tuple[SemanticCloud, NDArray[np.float32] | None, int]:
        """Label a scan with what is known now.

        Returns:
            The labels; the points as if measured at the scan's stamp, float32 (N, 3), metre,
            sensor frame, or None where no camera could be asked about them; and how many points
            two cameras dispute.
        """
        self._test_conventions(scan)
        selected = self._views.select(scan)
        xyz = self._points(scan) if selected.views else None
        transfer = self._transfer(scan, xyz, selected)
        semantic = self._semantic(scan, transfer, selected)
        if xyz is not None:
            self._sensor.remember(scan, xyz, semantic)
        return semantic, xyz, transfer.disputed

    def _test_conventions(self, scan: Scan) -> None:
        """Let a scan show which axes the cameras' frames have, where that is not known."""
        if self._views.has_open(scan):
            xyz = self._points(scan)
            if xyz is not None:
                self._views.test_conventions(scan, xyz)

    def _points(self, scan: Scan) -> NDArray[np.float32] | None:
        """The scan's points at its stamp; None where its motion is not known."""
        try:
            motion = self._motion.motion_of(scan)
        except TransformError:
            return None
        return self._moved(scan, motion)

    def _moved(self, scan: Scan, motion: ScanMotion) -> NDArray[np.float32]:
        return self._motion.points_by(scan, motion)

    def _transfer(
        self, scan: Scan, xyz: NDArray[np.float32] | None, selected: SelectedViews
    ) -> Transfer:
        if xyz is None:
            why = PointStatus.NO_TRANSFORM if selected.views else selected.missing
            return Transfer.unknown(len(scan.cloud), self._unknown_id, why)
        transfer = self._sensor.transfer(scan, xyz, selected.views, self._unknown_id)
        return self._self_filter.hide_in_scan(scan.sensor, xyz, transfer)

    def _semantic(self, scan: Scan, transfer: Transfer, selected: SelectedViews) -> SemanticCloud:
        return SemanticCloud(
            sensor=scan.sensor,
            cloud=scan.cloud,
            labels=transfer.labels,
            confidence=transfer.confidence,
            status=_with_missing_camera(transfer.status, selected.missing),
            sources=transfer.sources,
            cameras=selected.cameras,
            moving=self._sensor.moving(scan),
            gaps_s=tuple(view.time_gap_s for view in selected.views),
            contradicted=transfer.contradicted,
            is_degraded=selected.is_degraded,
        )


def _with_missing_camera(status: NDArray[np.uint8], missing: PointStatus) -> NDArray[np.uint8]:
    """Points that no camera saw may lie before the one that could not be asked."""
    if missing == PointStatus.LABELLED:
        return status
    unseen = status == PointStatus.OUT_OF_VIEW
    return np.where(unseen, np.uint8(missing), status)
