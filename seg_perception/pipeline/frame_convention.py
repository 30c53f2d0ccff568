"""Which axes a camera's frame has: those of an optical or of a body frame.

Recordings differ in it, and frame names do not tell. A camera whose `frame_convention` is `auto`
is tested: the points of the first scans are projected both ways.

An upright body frame that is read as an optical one looks at the zenith, where a lidar measures
next to nothing: the points alone tell it. An upright optical frame that is read as a body frame
looks to the side, where a lidar that turns sees as much as ahead: there the axes tell, since the
picture would lie on its side. So a convention is found where both agree: under it alone the
picture stands upright, and the points do not speak for the other one.

A cloud in the camera's own frame does not know where up is, and needs not: all of a depth camera's
points land in its image under one convention, and hardly any under the other.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.core.errors import ConventionError
from seg_perception.core.issue_kinds.kind import IssueKind
from seg_perception.core.issue_kinds.places import (
    CONVENTION_CONTRADICTION,
    CONVENTION_FEW_POINTS,
    CONVENTION_FEW_SCANS,
    CONVENTION_FOUND,
    CONVENTION_FOUND_BY_POINTS,
    CONVENTION_NOT_UPRIGHT,
    CONVENTION_POINTS_UNCLEAR,
)
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.message_accounting import stream
from seg_perception.core.types import PointStatus
from seg_perception.fusion.projection import Range
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.correction import Correction
from seg_perception.pipeline.camera_correction import correction_of

Matrix = NDArray[np.float64]
Convention = Literal["optical", "body"]

# REP-103: optical axes (x right, y down, z forward) of a body frame (x forward, y left, z up).
T_OPTICAL_BODY = np.array([[0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]], np.float64)
_T_OPTICAL: Mapping[Convention, Matrix] = {"optical": np.eye(4), "body": T_OPTICAL_BODY}
_OTHER: Mapping[Convention, Convention] = {"optical": "body", "body": "optical"}
_AXES = {"optical": "an optical frame (z forward)", "body": "a body frame (x forward)"}

# So many scans are needed, and so many of the last ones are looked at.
FEWEST_SCANS, MOST_SCANS = 5, 20
# So many points of these scans have to land in the image, and so many times as many as under the
# other convention.
FEWEST_POINTS = 100
LEAST_RATIO: Mapping[Convention, float] = {"optical": 0.1, "body": 10.0}
_BY_POINTS_ALONE = 10.0
# Points of a scan that are tried.
_TRIED = 8192
_COS_45 = math.cos(math.pi / 4)
# Sum of the products of two rotations' elements, which is 1 + 2 cos(angle), at 45 degrees.
_SAME_MOUNTING = 1 + 2 * _COS_45


def is_called_optical(frame_id: str) -> bool:
    """Whether a frame's name says that its z axis points forward (REP 103)."""
    return "optical" in frame_id.lower()


def optical_axes(convention: str | None) -> Matrix:
    """T_optical_camera, float64 (4, 4), of a frame whose axes are known.

    Raises:
        ConventionError: they are not: `auto` has to be found out first.
    """
    for known, T in _T_OPTICAL.items():
        if known == convention:
            return T
    msg = f"the axes of a camera's frame: expected optical or body, got {convention or 'nothing'}"
    raise ConventionError(msg)


@dataclass(frozen=True)
class Trial:
    """One scan before one camera, under both conventions.

    Attributes:
        tried: number of points.
        in_image: how many of them land in the image.
        upright: cosine of the angle between the picture's upward direction and up; empty where it
            is not known where that is.
    """

    tried: int
    in_image: Mapping[Convention, int]
    upright: Mapping[Convention, float]

    def is_upright(self, convention: Convention) -> bool:
        """Whether the picture stands within 45 degrees of upright."""
        return self.upright[convention] > _COS_45


@dataclass(frozen=True)
class Decision:
    """What a camera's scans show.

    Attributes:
        convention: None where they do not tell.
        kind: the words for it.
        figures: what was counted.
        axes: that the picture stands upright under; empty where there are none.
        scans: how many were tried, where they are too few.
    """

    convention: Convention | None
    kind: IssueKind
    figures: str = ""
    axes: str = ""
    scans: int = 0


_UNTRIED = Decision(None, CONVENTION_FEW_SCANS)


@dataclass(frozen=True, eq=False)
class SensorPose:
    """How a sensor sits before a camera.

    Attributes:
        sensor: its name in the configuration.
        frames: names of the camera's frame, as it is published, and of the sensor's.
        T_frame_cloud: float64 (4, 4), the sensor's points into the camera's frame.
    """

    sensor: str
    frames: tuple[str, str]
    T_frame_cloud: Matrix

    def is_like(self, other: SensorPose) -> bool:
        """Whether it is the same, but for the robot's motion between image and scan."""
        alike = np.vdot(self.T_frame_cloud[:3, :3], other.T_frame_cloud[:3, :3]) >= _SAME_MOUNTING
        return self.frames == other.frames and bool(alike)


def stands_upright(up: Matrix) -> bool:
    """Whether a picture stands within 45 degrees of upright.

    Args:
        up: float64 (3,), away from gravity, in the optical frame.
    """
    return bool(-up[1] > _COS_45)


def try_conventions(
    xyz: NDArray[np.float32],
    ranges: Range,
    lens: CameraModel,
    T_frame_cloud: Matrix,
    up: Matrix | None,
    correction: Correction = Correction.NONE,
) -> Trial:
    """Try a scan's points both ways.

    Args:
        xyz: float32 (N, 3), metre, sensor frame at the scan's stamp.
        ranges: what counts as a point.
        lens: of the camera.
        T_frame_cloud: float64 (4, 4), into the camera's frame as it is published.
        up: float64 (3,), away from gravity, in that frame; None: not known.
        correction: of the camera.
    """
    T_optical = {name: correction.applied(T) for name, T in _T_OPTICAL.items()}
    # An odd step does not meet the same beams of a scan in every turn.
    step = max(1, len(xyz) // _TRIED) | 1
    some = np.ascontiguousarray(xyz[::step])
    tried = some[ranges.classify(some, PointStatus.OUT_OF_VIEW)[1]]
    return Trial(
        tried=len(tried),
        in_image={
            name: len(lens.hits(tried, T @ T_frame_cloud).index) for name, T in T_optical.items()
        },
        upright={name: float(-T[1, :3] @ up) for name, T in T_optical.items() if up is not None},
    )


def decide(trials: Sequence[Trial]) -> Decision:
    """The convention that a camera's scans show; none where they do not, or are too few."""
    if len(trials) < FEWEST_SCANS:
        return Decision(None, CONVENTION_FEW_SCANS, scans=len(trials))
    return decide_at_once(trials)


def decide_at_once(trials: Sequence[Trial]) -> Decision:
    """The same, of however few scans there are."""
    count = {name: sum(trial.in_image[name] for trial in trials) for name in _T_OPTICAL}
    figures = (
        f"of {sum(trial.tried for trial in trials)} points of {len(trials)} scans "
        f"{count['optical']} land in the image if the frame is optical, {count['body']} if it is "
        "a body frame"
    )
    if max(count.values()) < FEWEST_POINTS:
        return Decision(None, CONVENTION_FEW_POINTS, figures)
    if not all(trial.upright for trial in trials):
        return _by_points_alone(count, figures)
    found = _upright(trials)
    if found is None:
        return Decision(None, CONVENTION_NOT_UPRIGHT, figures)
    least = max(FEWEST_POINTS, LEAST_RATIO[found] * count[_OTHER[found]])
    if count[found] < least:
        return Decision(None, CONVENTION_CONTRADICTION, figures, _AXES[found])
    return Decision(found, CONVENTION_FOUND, figures, _AXES[found])


def _by_points_alone(count: Mapping[Convention, int], figures: str) -> Decision:
    found = max(_T_OPTICAL, key=lambda name: count[name])
    if count[found] < _BY_POINTS_ALONE * count[_OTHER[found]]:
        return Decision(None, CONVENTION_POINTS_UNCLEAR, figures)
    return Decision(found, CONVENTION_FOUND_BY_POINTS, figures, _AXES[found])


def _upright(trials: Sequence[Trial]) -> Convention | None:
    """The convention under which the picture stands within 45 degrees of upright: one at most."""
    for name in _T_OPTICAL:
        if np.mean([trial.upright[name] for trial in trials]) > _COS_45:
            return name
    return None


class FrameConventionDetector:
    """The convention of every camera: as configured, or found out; and its correction.

    What was found holds, beyond a jump of the clock too, until a sensor's pose before the
    camera has turned by more than 45 degrees, or one of their frames has another name: then the
    test begins anew. What is found, and why nothing is, stands in the log of issues.
    """

    def __init__(self, config: Config, issues: IssueLog) -> None:
        """Begin with what is configured."""
        self._given: dict[str, Convention] = {}
        self._trials: dict[str, _CameraTrials] = {}
        self._ranges = Range(config.transfer.min_range_m, config.transfer.max_range_m)
        self._depths = frozenset(config.depths)
        self._configured: dict[str, Correction] = {}
        self._corrections: dict[str, Correction] = {}
        self.reconfigure(config)
        for name, camera in config.cameras.items():
            if camera.frame_convention == "auto":
                self._trials[name] = _CameraTrials(name, issues)
            else:
                self._given[name] = camera.frame_convention

    def reconfigure(self, config: Config) -> None:
        """Correct the cameras otherwise from now on; what `correct` set holds until then."""
        configured = {name: correction_of(one) for name, one in config.cameras.items()}
        for name, correction in configured.items():
            if correction != self._configured.get(name):
                self._corrections[name] = correction
        self._configured = configured

    def correction(self, camera: str) -> Correction:
        """What is applied on top of tf now: as configured, or as found out since."""
        return self._corrections[camera]

    def correct(self, camera: str, correction: Correction) -> None:
        """Correct a camera otherwise, until it is configured otherwise."""
        self._corrections[camera] = correction

    def is_open(self, camera: str) -> bool:
        """Whether a camera is still to be tested."""
        return self.of(camera) is None

    def of(self, camera: str) -> Convention | None:
        """A camera's convention; None while it is not known."""
        return self._given.get(camera) or self._trials[camera].decision.convention

    def test(
        self,
        camera: str,
        pose: SensorPose,
        xyz: NDArray[np.float32],
        lens: CameraModel,
        up: Matrix | None,
    ) -> None:
        """Let a scan show the convention of an open camera; arguments as for `try_conventions`."""
        correction = self._corrections[camera]
        trial = try_conventions(xyz, self._ranges, lens, pose.T_frame_cloud, up, correction)
        self._trials[camera].add(pose, trial)

    def T_optical_cloud(self, camera: str, pose: SensorPose) -> Matrix:  # noqa: N802
        """A sensor's points into a camera's optical frame, corrected, float64 (4, 4).

        Raises:
            ConventionError: which axes the camera's frame has is not known.
        """
        convention = self._given.get(camera)
        if convention is None:
            convention = self._trials[camera].expect(pose)
        T = pose.T_frame_cloud
        if camera == pose.sensor in self._depths and pose.frames[0] == pose.frames[1]:
            # Its own pixels: a correction says where it is before other sensors.
            return optical_axes(convention) @ T
        return self._corrected(camera, convention, T)

    def in_optical(self, camera: str, direction: Matrix) -> Matrix | None:
        """A direction in a camera's frame, float64 (3,), in its optical one; None: not known."""
        convention = self.of(camera)
        if convention is None:
            return None
        found: Matrix = self._corrected(camera, convention, np.eye(4))[:3, :3] @ direction
        return found

    def _corrected(self, camera: str, convention: Convention, T: Matrix) -> Matrix:
        T_of_tf = T if convention == "optical" else T_OPTICAL_BODY @ T
        return self._corrections[camera].applied(T_of_tf)


class _CameraTrials:
    """One camera's scans and their decision; may be used from several threads."""

    def __init__(self, camera: str, issues: IssueLog) -> None:
        self.decision = _UNTRIED
        self._camera = camera
        self._issues = issues
        self._trials: deque[Trial] = deque(maxlen=MOST_SCANS)
        self._poses: dict[str, SensorPose] = {}
        self._lock = threading.Lock()

    def add(self, pose: SensorPose, trial: Trial) -> None:
        with self._lock:
            self._follow(pose)
            self._trials.append(trial)
            self.decision = decide(self._trials)
            self._say(pose.frames[0])

    def expect(self, pose: SensorPose) -> Convention:
        with self._lock:
            self._follow(pose)
            convention = self.decision.convention
        if convention is None:
            msg = f"which axes the frame of camera {self._camera} has is not decided"
            raise ConventionError(msg)
        return convention

    def _say(self, frame: str) -> None:
        found = self.decision
        opposite = CONVENTION_FEW_SCANS if found.convention else CONVENTION_FOUND
        self._issues.release(opposite, self._stream)
        self._issues.hold(
            found.kind,
            self._stream,
            camera=self._camera,
            frame=frame,
            scans=found.scans,
            needed=FEWEST_SCANS,
            figures=found.figures,
            axes=found.axes,
        )

    @property
    def _stream(self) -> str:
        return stream("camera", self._camera)

    def _follow(self, pose: SensorPose) -> None:
        """Begin anew where a sensor sits otherwise than before."""
        known = self._poses.setdefault(pose.sensor, pose)
        if not known.is_like(pose):
            self._poses = {pose.sensor: pose}
            self._trials.clear()
            self.decision = _UNTRIED
            self._issues.release(CONVENTION_FOUND, self._stream)
