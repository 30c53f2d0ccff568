"""What is done about a lidar's scan while it waits for the cameras that are late."""

from __future__ import annotations

from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from seg_perception.fusion.self_filter import SelfFilter
from seg_perception.geometry.deskew import ScanMotion
from seg_perception.pipeline.cloud_labeller import CloudLabeller
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.lidar_labeller import LidarLabeller
from seg_perception.pipeline.scan import Scan
from seg_perception.pipeline.view_selector import ViewSelector


@dataclass(eq=False)
class _Ahead:
    """What was done for a scan.

    Attributes:
        motion: of the sensor during the scan; None: nothing was done yet.
        xyz: float32 (N, 3), metre, by it at the scan's stamp, sensor frame.
        cameras: whose views were asked.
        is_over: no more is done.
    """

    motion: ScanMotion | None = None
    xyz: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 3), np.float32))
    cameras: set[str] = field(default_factory=set)
    is_over: bool = False


class LookAheadLabeller(CloudLabeller):
    """Moves a scan to one moment and lays it before each camera as soon as that is possible.

    What is left once the last label map comes is that camera, and the decision. The labels are
    the same: what was done is used where it would be done in the same way again.
    """

    def __init__(
        self,
        sensor: LidarLabeller,
        motion: EgoMotion,
        views: ViewSelector,
        self_filter: SelfFilter,
        unknown_id: int,
    ) -> None:
        """Remember whom to ask; the arguments are a `CloudLabeller`'s."""
        super().__init__(sensor, motion, views, self_filter, unknown_id)
        self._lidar = sensor
        self._ahead: WeakKeyDictionary[Scan, _Ahead] = WeakKeyDictionary()

    def look_ahead(self, scan: Scan) -> bool:
        """Take one step of the work on a scan that waits, by the thread that labels it.

        Returns:
            Whether there was one: others may be left.
        """
        ahead = self._ahead.setdefault(scan, _Ahead())
        if ahead.is_over or self._views.has_open(scan):
            return False
        offer = self._views.settled(scan, ahead.cameras)
        if offer is None or offer.view is None:
            return False
        # A step that fails is not tried again: it will fail, and be accounted for, in `label`.
        ahead.is_over = True
        if ahead.motion is None:
            ahead.motion = self._motion.motion_of(scan)
            ahead.xyz = self._motion.points_by(scan, ahead.motion)
        several = self._views.has_several(scan)
        self._lidar.look_ahead(scan, ahead.xyz, offer.view, several=several)
        ahead.cameras.add(offer.camera)
        ahead.is_over = False
        return True

    def _moved(self, scan: Scan, motion: ScanMotion) -> NDArray[np.float32]:
        ahead = self._ahead.get(scan)
        if ahead is not None and ahead.motion is not None and motion.equals(ahead.motion):
            return ahead.xyz
        return super()._moved(scan, motion)
