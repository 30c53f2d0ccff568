"""The sweeps labelled last, as if measured now: what other sensors and later sweeps ask."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.errors import TransformError
from seg_perception.motion import Motion
from seg_perception.pairing import Sweep
from seg_perception.types import NANOSECONDS, PointStatus, SemanticCloud

_IN_VIEW = (PointStatus.LABELLED, PointStatus.OCCLUDED, PointStatus.UNCERTAIN)
# Enough for any radar to find a lidar's sweep on either side of its own time.
_FOR_RADARS = 4


@dataclass(frozen=True, eq=False)
class RecentSweep:
    """The points of a labelled sweep that a camera had in view.

    Attributes:
        sweep: where it comes from.
        xyz: float32 (N, 3), metre, at its stamp, its sensor's frame.
        labels, confidence: (N,), as they were given; confidence 0 where hidden.
    """

    sweep: Sweep
    xyz: NDArray[np.float32]
    labels: NDArray[np.uint8] | NDArray[np.uint16]
    confidence: NDArray[np.float32]


def recent_size(config: Config) -> int:
    """How many sweeps of each lidar are asked for later."""
    for_radars = _FOR_RADARS if config.radars and config.radar_transfer.lidar_gap_s else 0
    return max(for_radars, config.transfer.accumulated_scans)


class RecentSweeps:
    """The last sweeps of each lidar; may be used from several threads."""

    def __init__(self, motion: Motion, size: int) -> None:
        """Keep so many of each sensor."""
        self._motion = motion
        self._size = size
        self._lock = threading.Lock()
        self._sweeps: dict[str, deque[RecentSweep]] = {}

    def add(self, sweep: Sweep, xyz: NDArray[np.float32], semantic: SemanticCloud) -> None:
        """Keep a labelled sweep."""
        if self._size == 0:
            return
        kept = np.flatnonzero(np.isin(semantic.status, _IN_VIEW))
        recent = RecentSweep(sweep, xyz[kept], semantic.labels[kept], semantic.confidence[kept])
        with self._lock:
            self._sweeps.setdefault(sweep.sensor, deque(maxlen=self._size)).append(recent)

    def nearest(self, sweep: Sweep, max_gap_s: float) -> RecentSweep | None:
        """The sweep nearest in time to another sensor's, moved into its frame at its stamp.

        None where there is none within the gap, or its motion is not known.
        """

        def gap_ns(recent: RecentSweep) -> int:
            return abs(recent.sweep.time_ns - sweep.time_ns)

        with self._lock:
            kept = [recent for sweeps in self._sweeps.values() for recent in sweeps]
        for recent in sorted(kept, key=gap_ns):
            if gap_ns(recent) > max_gap_s * NANOSECONDS:
                break
            moved = self._moved(recent, sweep)
            if moved is not None:
                return replace(recent, xyz=moved)
        return None

    def before(self, sweep: Sweep, count: int) -> list[NDArray[np.float32]]:
        """Points (N, 3) of the sensor's own last sweeps, in its frame at this sweep's stamp."""
        with self._lock:
            kept = list(self._sweeps.get(sweep.sensor, ()))[::-1][:count]
        moved = (self._moved(recent, sweep) for recent in kept)
        return [xyz for xyz in moved if xyz is not None]

    def clear(self) -> None:
        """Forget all: the clock jumped."""
        with self._lock:
            self._sweeps.clear()

    def _moved(self, recent: RecentSweep, now: Sweep) -> NDArray[np.float32] | None:
        try:
            T = self._motion.T_sweep_sweep(now, recent.sweep).astype(np.float32)
        except TransformError:
            return None
        moved: NDArray[np.float32] = recent.xyz @ T[:3, :3].T + T[:3, 3]
        return moved
