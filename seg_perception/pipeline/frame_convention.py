"""Which axes a camera's frame has: those of an optical or of a body frame.

Recordings differ in it, and frame names do not tell. A camera whose `frame_convention` is `auto`
is tested: the points of the first scans are projected both ways.

An upright body frame that is read as an optical one looks at the zenith, where a lidar measures
next to nothing: the points alone tell it. An upright optical frame that is read as a body frame
looks to the side, where a lidar that turns sees as much as ahead: there the axes tell, since the
picture would lie on its side. So a convention is found where both agree: under it alone the
picture stands upright, and the points do not speak for the other one.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.core.errors import ConventionError
from seg_perception.core.types import PointStatus
from seg_perception.fusion.projection import Range
from seg_perception.geometry.camera import CameraModel

Matrix = NDArray[np.float64]
Convention = Literal["optical", "body"]

# REP-103: optical axes (x right, y down, z forward) of a body frame (x forward, y left, z up).
T_OPTICAL_BODY = np.array([[0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]], np.float64)
_T_OPTICAL: Mapping[Convention, Matrix] = {"optical": np.eye(4), "body": T_OPTICAL_BODY}
_OTHER: Mapping[Convention, Convention] = {"optical": "body", "body": "optical"}
_AXES = {"optical": "an optical frame (z forward)", "body": "a body frame (x forward)"}

# So many scans are needed, and so many of the last ones are looked at.
FEWEST_SWEEPS, MOST_SWEEPS = 5, 20
# So many points of these scans have to land in the image, and so many times as many as under the
# other convention.
FEWEST_POINTS = 100
LEAST_RATIO: Mapping[Convention, float] = {"optical": 0.1, "body": 10.0}
# Points of a scan that are tried.
_TRIED = 8192
_COS_45 = math.cos(math.pi / 4)
# Sum of the products of two rotations' elements, which is 1 + 2 cos(angle), at 45 degrees.
_SAME_MOUNTING = 1 + 2 * _COS_45


@dataclass(frozen=True)
class Trial:
    """One scan before one camera, under both conventions.

    Attributes:
        tried: number of points.
        in_image: how many of them land in the image.
        upright: cosine of the angle between the picture's upward direction and up.
    """

    tried: int
    in_image: Mapping[Convention, int]
    upright: Mapping[Convention, float]


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


def try_conventions(
    xyz: NDArray[np.float32], ranges: Range, lens: CameraModel, T_frame_cloud: Matrix, up: Matrix
) -> Trial:
    """Try a scan's points both ways.

    Args:
        xyz: float32 (N, 3), metre, sensor frame at the scan's stamp.
        ranges: what counts as a point.
        lens: of the camera.
        T_frame_cloud: float64 (4, 4), into the camera's frame as it is published.
        up: float64 (3,), away from gravity, in that frame.
    """
    # An odd step does not meet the same beams of a scan in every turn.
    step = max(1, len(xyz) // _TRIED) | 1
    some = np.ascontiguousarray(xyz[::step])
    tried = some[ranges.classify(some, PointStatus.OUT_OF_VIEW)[1]]
    return Trial(
        tried=len(tried),
        in_image={
            name: len(lens.hits(tried, T @ T_frame_cloud).index) for name, T in _T_OPTICAL.items()
        },
        upright={name: float(-T[1, :3] @ up) for name, T in _T_OPTICAL.items()},
    )


def decide(looks: Sequence[Trial]) -> tuple[Convention | None, str]:
    """The convention that a camera's scans show, or None where they do not; and why, in words."""
    if len(looks) < FEWEST_SWEEPS:
        return None, f"{len(looks)} of {FEWEST_SWEEPS} scans were tried"
    count = {name: sum(one.in_image[name] for one in looks) for name in _T_OPTICAL}
    figures = (
        f"of {sum(one.tried for one in looks)} points of {len(looks)} scans {count['optical']} "
        f"land in the image if the frame is optical, {count['body']} if it is a body frame"
    )
    if max(count.values()) < FEWEST_POINTS:
        return None, f"{figures}: too few; check tf, and what the sensors see"
    found = _upright(looks)
    if found is None:
        return None, f"{figures}, and either way the picture does not stand upright"
    least = max(FEWEST_POINTS, LEAST_RATIO[found] * count[_OTHER[found]])
    if count[found] < least:
        return None, f"{figures}, but the picture stands upright if it is {_AXES[found]}"
    return found, f"{figures}, and the picture stands upright if it is {_AXES[found]}"


def _upright(looks: Sequence[Trial]) -> Convention | None:
    """The convention under which the picture stands within 45 degrees of upright: one at most."""
    for name in _T_OPTICAL:
        if np.mean([one.upright[name] for one in looks]) > _COS_45:
            return name
    return None


class FrameConventionDetector:
    """The convention of every camera: as configured, or found out.

    What was found holds, beyond a jump of the clock too, until a sensor's mounting before the
    camera has turned by more than 45 degrees, or one of their frames has another name: then the
    test begins anew.
    """

    def __init__(self, config: Config) -> None:
        """Begin with what is configured."""
        self._given: dict[str, Convention] = {}
        self._trials: dict[str, _CameraTrials] = {}
        self._ranges = Range(config.transfer.min_range_m, config.transfer.max_range_m)
        for name, camera in config.cameras.items():
            if camera.frame_convention == "auto":
                self._trials[name] = _CameraTrials(name)
            else:
                self._given[name] = camera.frame_convention

    @property
    def found(self) -> dict[str, str]:
        """By camera that was found out, the convention and why, in words."""
        return {name: v.words for name, v in self._verdicts() if v.convention}

    @property
    def open(self) -> dict[str, str]:
        """By camera that was tested in vain so far, why, and how to mend it."""
        return {name: v.words for name, v in self._verdicts() if not v.convention and v.words}

    def is_open(self, camera: str) -> bool:
        """Whether a camera is still to be tested."""
        return self.of(camera) is None

    def of(self, camera: str) -> Convention | None:
        """A camera's convention; None while it is not known."""
        return self._given.get(camera) or self._trials[camera].verdict.convention

    def _verdicts(self) -> Iterator[tuple[str, _Decision]]:
        return ((name, trial.verdict) for name, trial in self._trials.items())

    def test(
        self,
        camera: str,
        mounting: SensorPose,
        xyz: NDArray[np.float32],
        lens: CameraModel,
        up: Matrix,
    ) -> None:
        """Let a scan show the convention of an open camera; arguments as for `try_conventions`."""
        seen = try_conventions(xyz, self._ranges, lens, mounting.T_frame_cloud, up)
        self._trials[camera].add(mounting, seen)

    def T_optical_cloud(self, camera: str, mounting: SensorPose) -> Matrix:  # noqa: N802
        """A sensor's points into a camera's optical frame.

        Raises:
            ConventionError: which axes the camera's frame has is not known.
        """
        convention = self._given.get(camera)
        if convention is None:
            convention = self._trials[camera].expect(mounting)
        T = mounting.T_frame_cloud
        return T if convention == "optical" else T_OPTICAL_BODY @ T


@dataclass(frozen=True)
class _Decision:
    """What a camera's scans showed so far, and why, in words: none before the first."""

    convention: Convention | None = None
    words: str = ""


class _CameraTrials:
    """One camera's scans and their verdict, which other threads may read."""

    def __init__(self, camera: str) -> None:
        self.verdict = _Decision()
        self._camera = camera
        self._looks: deque[Trial] = deque(maxlen=MOST_SWEEPS)
        self._mountings: dict[str, SensorPose] = {}

    def add(self, mounting: SensorPose, seen: Trial) -> None:
        self._follow(mounting)
        self._looks.append(seen)
        found, why = decide(self._looks)
        frame = mounting.frames[0]
        if found is None:
            words = (
                f"frame_convention is auto and not decided for frame {frame!r}: {why}; "
                "points before it stay unknown; set "
                f"camera.{self._camera}.frame_convention to optical or body"
            )
        else:
            words = f"frame {frame!r} is taken for {_AXES[found]}: {why}"
        self.verdict = _Decision(found, words)

    def expect(self, mounting: SensorPose) -> Convention:
        self._follow(mounting)
        if self.verdict.convention is None:
            raise ConventionError(
                self.verdict.words or "frame_convention is auto, no scan was tried"
            )
        return self.verdict.convention

    def _follow(self, mounting: SensorPose) -> None:
        """Begin anew where a sensor sits otherwise than before."""
        known = self._mountings.setdefault(mounting.sensor, mounting)
        if not known.is_like(mounting):
            self._mountings = {mounting.sensor: mounting}
            self._looks.clear()
            self.verdict = _Decision()
