"""The watch over the cameras' calibration while driving, fed by the images and clouds as they come.

What it costs is spent on a thread of its own, or at once in a replay, whose results do not hang
on how fast a machine is.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from seg_perception.alignment.depth_edges import depth_edges
from seg_perception.alignment.edge_maps import edge_maps
from seg_perception.alignment.edge_points import EdgePoints
from seg_perception.alignment.observation import Observation
from seg_perception.alignment.picture import reduced
from seg_perception.alignment.reflectivity_edges import reflectivity_edges
from seg_perception.config import Config
from seg_perception.core.background_work import Work
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.types import CameraFrame
from seg_perception.pipeline.camera_watch import CameraWatch, WatchState
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.moment_picker import Moment, MomentPicker
from seg_perception.pipeline.scan import Scan

# Pictures are reduced to this width, where a pixel is some 0.15 degrees: enough for a suspicion,
# and a quarter of the work of the width that `calibrate` takes.
_WIDTH = 480


class Watch(Protocol):
    """Sees every image and every cloud that is labelled."""

    @property
    def states(self) -> Mapping[str, WatchState]:
        """By camera, what it came to; empty where nobody watches."""

    def see(self, frame: CameraFrame) -> None:
        """Take note of an image."""

    def take(self, scan: Scan, xyz: NDArray[np.float32]) -> None:
        """Take note of a lidar's scan; `xyz`, float32 (N, 3), metre, at its stamp."""

    def reconfigure(self, config: Config) -> None:
        """Work with other values of the live parameters from now on."""

    def clear(self) -> None:
        """Forget what waits: the clock jumped."""

    def close(self) -> None:
        """End."""


class NoWatch:
    """Nobody watches."""

    states: Mapping[str, WatchState] = {}

    def see(self, frame: CameraFrame) -> None:
        """Nothing."""

    def take(self, scan: Scan, xyz: NDArray[np.float32]) -> None:
        """Nothing."""

    def reconfigure(self, config: Config) -> None:
        """Nothing."""

    def clear(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class CalibrationWatch:
    """Looks at a moment of every camera now and then."""

    def __init__(self, config: Config, motion: EgoMotion, issues: IssueLog, work: Work) -> None:
        """Begin.

        Args:
            config: sensors, and how often.
            motion: places scans before cameras.
            issues: told of a camera that has moved.
            work: does what takes long, one step at a time; a moment that comes meanwhile is
                left out.
        """
        self._config = config
        self._issues = issues
        self._work = work
        self._picker = MomentPicker(config, motion)
        self._cameras = {
            name: CameraWatch(name, motion.conventions, issues, follow=config.calibration.follow)
            for name in config.cameras
        }
        # Held from when a moment is taken until it has been looked at, on another thread perhaps.
        self._looking = threading.Lock()

    @property
    def states(self) -> Mapping[str, WatchState]:
        """By camera, what it came to."""
        return {name: watch.state for name, watch in self._cameras.items()}

    def see(self, frame: CameraFrame) -> None:
        """Take note of an image."""
        self._picker.see(frame)

    def take(self, scan: Scan, xyz: NDArray[np.float32]) -> None:
        """Take note of a scan: it may be the one that a moment waits for."""
        if not (moments := self._picker.pick(scan)) or not self._looking.acquire(blocking=False):
            return
        self._picker.next(moments)
        self._work.order(partial(self._look, scan, xyz, moments))

    def reconfigure(self, config: Config) -> None:
        """Follow from now on, or no longer."""
        for watch in self._cameras.values():
            watch.follow = config.calibration.follow

    def clear(self) -> None:
        """Forget what waits: the clock jumped. What was seen holds."""
        self._picker.clear()

    def close(self) -> None:
        """Look at no more."""
        self._work.close()

    def _look(self, scan: Scan, xyz: NDArray[np.float32], moments: Sequence[Moment]) -> None:
        try:
            edges = depth_edges(scan.cloud, xyz), reflectivity_edges(scan.cloud, xyz)
            for moment in moments:
                self._look_at(moment, scan.sensor, edges)
        except Exception as error:  # noqa: BLE001 (whoever orders the next step is not to blame)
            self._issues.add_unforeseen("thread calibration", error)
        finally:
            self._looking.release()

    def _look_at(self, moment: Moment, lidar: str, edges: tuple[EdgePoints, EdgePoints]) -> None:
        observation = self._observation(moment, lidar, edges)
        self._cameras[moment.frame.camera].add(observation, moment.time_ns)

    def _observation(
        self, moment: Moment, lidar: str, edges: tuple[EdgePoints, EdgePoints]
    ) -> Observation:
        picture, calibration = reduced(moment.frame, _WIDTH)
        frame = moment.frame
        return Observation(
            camera=frame.camera,
            lidar=lidar,
            picture=picture,
            maps=edge_maps(picture),
            calibration=calibration,
            rectified=self._config.cameras[frame.camera].rectified,
            sensor_px=(
                frame.image.shape[1] / picture.shape[1],
                frame.image.shape[0] / picture.shape[0],
            ),
            depth_edges=edges[0],
            reflectivity_edges=edges[1],
            T_camera_lidar=moment.T_camera_cloud[None],
            frames=moment.frames,
        )
