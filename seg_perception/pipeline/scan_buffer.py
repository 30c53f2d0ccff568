"""The scans labelled last, as if measured now: what other sensors and later scans ask."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.core.errors import TransformError
from seg_perception.core.types import NANOSECONDS, PointStatus, SemanticCloud
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.scan import Scan

_IN_VIEW = (
    PointStatus.LABELLED,
    PointStatus.OCCLUDED,
    PointStatus.UNCERTAIN,
    PointStatus.CONTRADICTED,
)
# By status: a look-up takes an eighth of the time of a search.
_IS_IN_VIEW = np.isin(np.arange(256), _IN_VIEW)
# Enough for any radar to find a lidar's scan on either side of its own time.
_FOR_RADARS = 4


@dataclass(frozen=True, eq=False)
class BufferedScan:
    """The points of a labelled scan that a camera had in view.

    Attributes:
        scan: where it comes from.
        xyz: float32 (N, 3), metre, at its stamp, its sensor's frame.
        labels, confidence: (N,), as they were given; confidence 0 where hidden.
        seen: bool (N,), a camera sees it, though its label may have been taken back.
    """

    scan: Scan
    xyz: NDArray[np.float32]
    labels: NDArray[np.uint8] | NDArray[np.uint16]
    confidence: NDArray[np.float32]
    seen: NDArray[np.bool_]


def buffer_size(config: Config) -> int:
    """How many scans of each lidar are asked for later."""
    for_radars = _FOR_RADARS if config.radars and config.radar_transfer.lidar_gap_s else 0
    return max(for_radars, config.transfer.accumulated_scans)


class ScanBuffer:
    """The last scans of each lidar; may be used from several threads."""

    def __init__(self, motion: EgoMotion, size: int) -> None:
        """Keep so many of each sensor."""
        self._motion = motion
        self._size = size
        self._lock = threading.Lock()
        self._scans: dict[str, deque[BufferedScan]] = {}

    def add(self, scan: Scan, xyz: NDArray[np.float32], semantic: SemanticCloud) -> None:
        """Keep a labelled scan."""
        if self._size == 0:
            return
        kept = np.flatnonzero(_IS_IN_VIEW.take(semantic.status))
        labels, confidence = semantic.labels[kept], semantic.confidence[kept]
        seen = (confidence > 0) | (semantic.status[kept] == PointStatus.CONTRADICTED)
        recent = BufferedScan(scan, xyz[kept], labels, confidence, seen)
        with self._lock:
            self._scans.setdefault(scan.sensor, deque(maxlen=self._size)).append(recent)

    def nearest(self, scan: Scan, max_gap_s: float) -> BufferedScan | None:
        """The scan nearest in time to another sensor's, moved into its frame at its stamp.

        None where there is none within the gap, or its motion is not known.
        """

        def gap_ns(recent: BufferedScan) -> int:
            return abs(recent.scan.time_ns - scan.time_ns)

        with self._lock:
            kept = [recent for scans in self._scans.values() for recent in scans]
        for recent in sorted(kept, key=gap_ns):
            if gap_ns(recent) > max_gap_s * NANOSECONDS:
                break
            moved = self._moved(recent, scan)
            if moved is not None:
                return replace(recent, xyz=moved)
        return None

    def before(self, scan: Scan, count: int) -> list[NDArray[np.float32]]:
        """Points (N, 3) of the sensor's own last scans, in its frame at this scan's stamp."""
        with self._lock:
            kept = list(self._scans.get(scan.sensor, ()))[::-1][:count]
        moved = (self._moved(recent, scan) for recent in kept)
        return [xyz for xyz in moved if xyz is not None]

    def clear(self) -> None:
        """Forget all: the clock jumped."""
        with self._lock:
            self._scans.clear()

    def _moved(self, recent: BufferedScan, now: Scan) -> NDArray[np.float32] | None:
        try:
            T = self._motion.T_scan_scan(now, recent.scan).astype(np.float32)
        except TransformError:
            return None
        moved: NDArray[np.float32] = recent.xyz @ T[:3, :3].T + T[:3, 3]
        return moved
