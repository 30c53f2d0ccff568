"""`estimate-offset`: by how much a camera's clock is off, from pictures while the robot turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.alignment.evidence import Evidence, Matrix
from seg_perception.alignment.observation import Observation
from seg_perception.alignment.rotation_search import search_rotation, search_window, turn
from seg_perception.alignment.sums import Sums, joined
from seg_perception.alignment.verdict import LEAST_Z, judge
from seg_perception.calibration.check import gather
from seg_perception.calibration.pictures import Plot, curves_picture
from seg_perception.config import Config
from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import CalibrationError, ReportError
from seg_perception.core.issue_log import Issue
from seg_perception.io.remapped_bag import BagSource
from seg_perception.outputs.pictures import encode_png

_STEP_S, _STRIDE = 0.01, 5
# An error of mounting about the vertical axis, which looks like an offset in a turn one way.
_YAWS_DEG = np.arange(-3, 4) / 4
# The top is that of a quadratic surface through so many steps of time and yaw about it.
_FIT_STEPS, _FIT_YAWS = 4, 2
_DRAWS, _SEED = 200, 0
# What interpolation between transforms and label maps of finite size leave, beside chance.
_FLOOR_S = 0.002
_SLOWEST_TURN_RAD_S = 0.03
# A robot turns no farther than this tangent within the offsets that are tried.
_BESIDE_VIEW = 0.3
_WIDEST_STD_S = 0.02
_INTERVAL = 1.96


@dataclass(frozen=True, eq=False)
class OffsetEstimate:
    """What was found for one camera.

    Attributes:
        camera: its name.
        offset_s, std_s: what is to be added to its stamps in all, and its standard error.
        parameters: ready to paste.
        yaw_deg: error of mounting about the vertical axis that was found along.
        turn_rad_s: standard deviation of the turn rate over the observations.
        observations: how many were compared.
        z: how far the best offset stands out of a window of turns (robust sigmas).
        offsets_s, curve, stds: float64 (n,), how well it fits by offset, at that yaw.
    """

    camera: str
    offset_s: float
    std_s: float
    parameters: Mapping[str, float]
    yaw_deg: float
    turn_rad_s: float
    observations: int
    z: float
    offsets_s: NDArray[np.float64]
    curve: NDArray[np.float64]
    stds: NDArray[np.float64]

    @property
    def interval_s(self) -> tuple[float, float]:
        """The 95 % interval of the offset."""
        half = _INTERVAL * self.std_s
        return self.offset_s - half, self.offset_s + half

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        low, high = self.interval_s
        return {
            "camera": self.camera,
            "offset_s": self.offset_s,
            "std_s": self.std_s,
            "interval_s": [low, high],
            "parameters": dict(self.parameters),
            "yaw_deg": self.yaw_deg,
            "turn_rad_s": self.turn_rad_s,
            "observations": self.observations,
            "z": self.z,
            "offsets_s": self.offsets_s.tolist(),
            "curve": self.curve.tolist(),
        }

    def picture(self) -> NDArray[np.uint8]:
        """The curve, uint8 (220, 320, 3); times in ms."""
        milli = 1000 * self.offsets_s
        mark = 1000 * self.offset_s
        title = f"{self.camera}: {mark:+.1f} +- {1000 * _INTERVAL * self.std_s:.1f} ms"
        return curves_picture([Plot(title, milli, self.curve, self.stds, (round(mark),))], 1)


@dataclass(frozen=True, eq=False)
class OffsetEstimates:
    """What was found for all cameras.

    Attributes:
        found: of the cameras of which the bag tells.
        refused: by camera, why it does not.
        remarks: what is said of lenses and images, for instance which file a lens comes from.
    """

    found: Sequence[OffsetEstimate]
    refused: Mapping[str, str]
    remarks: tuple[Issue, ...]


def estimate_offset(
    bag: BagSource,
    config: Config,
    wanted: int = 80,
    reach_s: float = 0.2,
) -> OffsetEstimates:
    """Find the offset of every camera's clock.

    Lidar and tf are taken to share a clock, as they do where odometry comes from the lidar.

    Args:
        bag: any recording that `BagReader` takes.
        config: sensors; offsets that it has already are included in the result.
        wanted: observations of each lidar.
        reach_s: offsets to either side that are tried.

    Raises:
        BagError: as `check_calibration`.
        CalibrationError: the robot is taken as at rest.
    """
    if not config.transforms.fixed_frame:
        msg = (
            f"{bag}: without motion there is no offset to see; record tf or odometry, and name its "
            "frame in transforms.fixed_frame"
        )
        raise CalibrationError(msg)
    steps = max(_FIT_STEPS, round(reach_s / _STEP_S))
    offsets_s = np.asarray(_STEP_S * np.arange(-steps, steps + 1), np.float64)
    observations = gather(bag, config, wanted, offsets_s.tolist())
    found: list[OffsetEstimate] = []
    refused: dict[str, str] = {}
    for camera, parameters in config.cameras.items():
        try:
            seen = observations.expect(camera)
            found.append(_estimate(seen, offsets_s, parameters.time_offset_s))
        except CalibrationError as error:  # noqa: PERF203 (one camera must not cost the others)
            refused[camera] = str(error)
    remarks = [issue for camera in config.cameras for issue in observations.remarks(camera)]
    return OffsetEstimates(found, refused, tuple(remarks))


def write_curve(folder: Path, estimate: OffsetEstimate) -> Path:
    """Draw how well the pictures fit by offset."""
    path = folder / f"{estimate.camera}_offset.png"
    write_file(path, encode_png(estimate.picture()), ReportError)
    return path


def _estimate(
    observations: Sequence[Observation], offsets_s: NDArray[np.float64], known_s: float
) -> OffsetEstimate:
    reached = [seen for seen in observations if np.isfinite(seen.T_camera_lidar).all()]
    turn_rad_s = _turn_spread(reached, offsets_s) if reached else 0.0
    if turn_rad_s < _SLOWEST_TURN_RAD_S:
        msg = (
            f"the robot's turn rate varies by {turn_rad_s:.3f} rad/s, expected at "
            f"least {_SLOWEST_TURN_RAD_S}; record half a minute of turning left and right"
        )
        raise CalibrationError(msg)
    evidence = Evidence(reached)
    base_deg = _mounting_deg(evidence.placed(len(offsets_s) // 2))
    changes = [turn(base_deg + np.array([0.0, yaw, 0.0])) for yaw in _YAWS_DEG]
    sums = _sums(evidence, len(offsets_s), changes)
    shape = len(offsets_s), len(_YAWS_DEG)
    surface = sums.scores.reshape(shape)
    at, yaw_at = (int(k) for k in np.unravel_index(surface.argmax(), shape))
    offset_s, yaw_deg = _top(surface, offsets_s)
    std_s, stds = _spread(sums, offsets_s)
    z = search_window(evidence.placed(at, changes[yaw_at])).z
    _expect_clear(z, offset_s, std_s, offsets_s)
    total_s = round(known_s + offset_s, 4)
    camera = observations[0].camera
    return OffsetEstimate(
        camera=camera,
        offset_s=total_s,
        std_s=std_s,
        parameters={f"camera.{camera}.time_offset_s": total_s},
        yaw_deg=float(base_deg[1]) + yaw_deg,
        turn_rad_s=turn_rad_s,
        observations=len(reached),
        z=z,
        offsets_s=offsets_s + known_s,
        curve=surface[:, yaw_at],
        stds=stds[:, yaw_at],
    )


def _sums(evidence: Evidence, offsets: int, changes: Sequence[Matrix]) -> Sums:
    """Of each offset each change: edges are placed at every fifth, and drift between them."""
    parts = []
    for first in range(0, offsets, _STRIDE):
        some = range(first, min(first + _STRIDE, offsets))
        at = some[len(some) // 2]
        steps = [float(one - at) for one in some for _ in changes]
        placed = evidence.placed(at, beside_view=_BESIDE_VIEW)
        parts.append(placed.sums([*changes] * len(some), steps))
    return joined(parts)


def _mounting_deg(evidence: Evidence) -> NDArray[np.float64]:
    """The turn of the mounting, where the clock as given is good enough to tell; else none."""
    search = search_rotation(evidence)
    return np.zeros(3) if judge(search)[0] == "undecided" else search.turn_deg


def _spread(sums: Sums, offsets_s: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Standard errors: of the offset (second), and of how well each offset and yaw fits."""
    shape = len(offsets_s), len(_YAWS_DEG)
    drawn = sums.drawn(_DRAWS, np.random.default_rng(_SEED))
    stds = [
        np.std([_top(draw.reshape(shape), offsets_s)[0] for draw in scores]) for scores in drawn
    ]
    return float(np.hypot(max(stds), _FLOOR_S)), drawn[0].std(axis=0).reshape(shape)


def _expect_clear(z: float, offset_s: float, std_s: float, offsets_s: NDArray[np.float64]) -> None:
    """Refuse what the bag does not tell.

    Raises:
        CalibrationError: nothing fits anywhere, a top at the end of the search, or a flat one.
    """
    if z < LEAST_Z:
        msg = (
            f"pictures and scans fit at no offset within {offsets_s[-1]:g} s (z "
            f"{z:.1f}, expected {LEAST_Z}); run `seg-perception check-calibration`"
        )
        raise CalibrationError(msg)
    if abs(offset_s) > offsets_s[-1] - _FIT_STEPS / 2 * _STEP_S:
        msg = (
            f"the pictures fit better and better up to {offset_s:+.2f} s, the end of the "
            "search; set a first camera time_offset_s by hand, or raise --reach"
        )
        raise CalibrationError(msg)
    if std_s > _WIDEST_STD_S:
        msg = (
            f"the offset is known to no more than {_INTERVAL * std_s * 1000:.0f} "
            "ms; record half a minute of turning left and right among trunks, poles or people"
        )
        raise CalibrationError(msg)


def _top(surface: NDArray[np.float64], offsets_s: NDArray[np.float64]) -> tuple[float, float]:
    """Offset (second) and yaw (degree) at the top of a quadratic through what lies about it."""
    at, yaw_at = np.unravel_index(surface.argmax(), surface.shape)
    rows = slice(max(0, at - _FIT_STEPS), at + _FIT_STEPS + 1)
    columns = slice(max(0, yaw_at - _FIT_YAWS), yaw_at + _FIT_YAWS + 1)
    t, y = np.meshgrid(
        (offsets_s[rows] - offsets_s[at]) / _STEP_S,
        (_YAWS_DEG[columns] - _YAWS_DEG[yaw_at]) / 0.25,
        indexing="ij",
    )
    t, y = t.ravel(), y.ravel()
    terms = np.stack([np.ones_like(t), t, y, t * t, t * y, y * y], axis=1)
    _, a, b, c, d, e = np.linalg.lstsq(terms, surface[rows, columns].ravel(), rcond=None)[0]
    hessian = np.array([[2 * c, d], [d, 2 * e]])
    if np.linalg.eigvalsh(hessian)[1] >= 0:  # no top here: stay on the grid
        return float(offsets_s[at]), float(_YAWS_DEG[yaw_at])
    step = np.linalg.solve(hessian, [-a, -b])
    step = step.clip([t.min(), y.min()], [t.max(), y.max()])
    return float(offsets_s[at] + step[0] * _STEP_S), float(_YAWS_DEG[yaw_at] + step[1] * 0.25)


def _turn_spread(observations: Sequence[Observation], offsets_s: NDArray[np.float64]) -> float:
    """Standard deviation of the camera's turn rate about its vertical axis (radian a second)."""
    span_s = float(offsets_s[-1] - offsets_s[0])
    turned = [m.T_camera_lidar[-1][:3, :3] @ m.T_camera_lidar[0][:3, :3].T for m in observations]
    rates = [(R[0, 2] - R[2, 0]) / 2 / span_s for R in turned]
    return float(np.std(rates))
