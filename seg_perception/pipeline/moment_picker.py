"""Which picture and which scan are looked at together, to watch over a camera's calibration."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.core.errors import CalibrationError, ConventionError, TransformError
from seg_perception.core.types import NANOSECONDS, CameraFrame
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.scan import Scan

# Pictures that wait for their scan: so many of a camera, so far apart at least.
_KEPT, _APART_NS = 4, NANOSECONDS * 8 // 100
# Faster, a clock that is off by 20 ms looks like a camera that is off by 0.2 degrees.
_MOST_TURN_RAD_S = 0.2


@dataclass(frozen=True, eq=False)
class Moment:
    """A picture, and how the scan beside it lies before it.

    Attributes:
        frame: the picture.
        time_ns: of the scan, corrected.
        T_camera_cloud: float64 (4, 4), as given.
        frames: of camera and lidar.
    """

    frame: CameraFrame
    time_ns: int
    T_camera_cloud: NDArray[np.float64]
    frames: tuple[str, str]


class MomentPicker:
    """Picks a moment of each camera in an interval; may be used from several threads.

    Pictures are held only from when a moment is due until its scan comes.
    """

    def __init__(self, config: Config, motion: EgoMotion) -> None:
        """Let all cameras be due."""
        self._motion = motion
        self._cameras = {
            name: tuple(lidar.cameras or config.cameras) for name, lidar in config.lidars.items()
        }
        self._max_gap_ns = round(config.synchronizer.max_gap_s * NANOSECONDS)
        # Half of what a moment costs is the scan, which all cameras share.
        longer = (1 + len(config.cameras)) / 2
        self._interval_ns = round(config.calibration.interval_s * longer * NANOSECONDS)
        self._lock = threading.Lock()
        self._frames: Mapping[str, deque[CameraFrame]] = {
            name: deque(maxlen=_KEPT) for name in config.cameras
        }
        self._due_ns = dict.fromkeys(config.cameras, 0)

    def see(self, frame: CameraFrame) -> None:
        """Keep a picture while its camera is due; without a stamp or a lens it says nothing."""
        if not frame.stamp_ns or frame.calibration is None:
            return
        time_ns = self._motion.image_time_ns(frame)
        with self._lock:
            frames = self._frames[frame.camera]
            is_new = not frames or time_ns - self._motion.image_time_ns(frames[-1]) >= _APART_NS
            if time_ns >= self._due_ns[frame.camera] and is_new:
                frames.append(frame)

    def pick(self, scan: Scan) -> list[Moment]:
        """The moments for which this is the scan: of cameras that are due and turn slowly."""
        return [
            moment
            for camera in self._cameras.get(scan.sensor, ())
            if (frame := self._beside(camera, scan.time_ns)) is not None
            and (moment := self._moment(frame, scan)) is not None
        ]

    def next(self, moments: Sequence[Moment]) -> None:
        """Let the pictures of these moments go; their cameras are due in an interval."""
        with self._lock:
            for moment in moments:
                self._frames[moment.frame.camera].clear()
                self._due_ns[moment.frame.camera] = moment.time_ns + self._interval_ns

    def clear(self) -> None:
        """Begin anew: the clock jumped."""
        with self._lock:
            for camera, frames in self._frames.items():
                frames.clear()
                self._due_ns[camera] = 0

    def _beside(self, camera: str, time_ns: int) -> CameraFrame | None:
        """The picture nearest in time, once there can be no nearer one."""
        with self._lock:
            frames = list(self._frames[camera])
        if not frames:
            return None
        gaps_ns = [abs(self._motion.image_time_ns(frame) - time_ns) for frame in frames]
        since_ns = self._motion.image_time_ns(frames[0])
        if (since_ns > time_ns and len(frames) < _KEPT) or min(gaps_ns) > self._max_gap_ns:
            return None
        return frames[int(np.argmin(gaps_ns))]

    def _moment(self, frame: CameraFrame, scan: Scan) -> Moment | None:
        motion = self._motion
        if motion.speed(frame)[0] > _MOST_TURN_RAD_S:
            return None
        try:
            # A rolling shutter counts as one exposure, in the middle of its lines.
            middle_s = motion.middle_of_exposure_s(frame.camera)
            T = motion.T_camera_cloud(frame, scan, middle_s)
        except (CalibrationError, ConventionError, TransformError):
            return None
        return Moment(
            frame, scan.time_ns, T, (motion.frame_of_camera(frame), motion.frame_of(scan))
        )
