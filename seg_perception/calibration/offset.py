"""`estimate-offset`: by how much a camera's clock is off, from labels while the robot turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.calibration.agreement import Agreement, Evidence
from seg_perception.calibration.check import gather
from seg_perception.calibration.observations import Observation
from seg_perception.calibration.pictures import Plot, curves_picture
from seg_perception.calibration.sensitivity import AXES, resample
from seg_perception.config import Config
from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import CalibrationError, ReportError
from seg_perception.core.issue_log import Issue
from seg_perception.io.remapped_bag import BagSource
from seg_perception.outputs.pictures import encode_png

_STEP_S = 0.01
# An error of mounting about the vertical axis, which looks like an offset in a turn one way.
_YAWS_DEG = np.arange(-3, 4) / 4
_YAW = AXES[1]
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
        agreement: at the offset.
        offsets_s, curve, stds: float64 (n,), the agreement by offset, at that yaw.
    """

    camera: str
    offset_s: float
    std_s: float
    parameters: Mapping[str, float]
    yaw_deg: float
    turn_rad_s: float
    observations: int
    agreement: Agreement
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
            "agreement": self.agreement.value,
            "agreement_std": self.agreement.std,
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
    labels: Mapping[str, str] | None = None,
    wanted: int = 80,
    reach_s: float = 0.2,
) -> OffsetEstimates:
    """Find the offset of every camera's clock.

    Lidar and tf are taken to share a clock, as they do where odometry comes from the lidar.

    Args:
        bag: any recording that `BagReader` takes.
        config: sensors; offsets that it has already are included in the result.
        labels: label image topics by camera; other cameras' come from an earlier replay in the
            bag, or from the model.
        wanted: observations of each lidar.
        reach_s: offsets to either side that are tried.

    Raises:
        BagError, BundleError, EngineError: as `check_calibration`.
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
    observations, _ = gather(bag, config, labels or {}, wanted, offsets_s.tolist())
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
    """Draw the agreement by offset."""
    path = folder / f"{estimate.camera}_offset.png"
    write_file(path, encode_png(estimate.picture()), ReportError)
    return path


def _estimate(
    observations: Sequence[Observation], offsets_s: NDArray[np.float64], known_s: float
) -> OffsetEstimate:
    camera = observations[0].camera
    turn_rad_s = _turn_spread(observations, offsets_s)
    if turn_rad_s < _SLOWEST_TURN_RAD_S:
        msg = (
            f"the robot's turn rate varies by {turn_rad_s:.3f} rad/s, expected at "
            f"least {_SLOWEST_TURN_RAD_S}; record half a minute of turning left and right"
        )
        raise CalibrationError(msg)
    near = [
        observation.near_view(_BESIDE_VIEW, len(offsets_s) // 2) for observation in observations
    ]
    found = [
        [evidence.agreement(_YAW.change(yaw)) for yaw in _YAWS_DEG]
        for evidence in (Evidence(near, at) for at in range(len(offsets_s)))
    ]
    surface = np.array([[a.value for a in row] for row in found])
    at, yaw_at = np.unravel_index(surface.argmax(), surface.shape)
    best = found[at][yaw_at]
    offset_s, yaw_deg = _top(surface, offsets_s)
    drawn = resample([a for row in found for a in row], np.random.default_rng(_SEED), _DRAWS)
    tops = np.array([_top(draw.reshape(surface.shape), offsets_s) for draw in drawn])
    std_s = float(np.hypot(tops[:, 0].std(), _FLOOR_S))
    _expect_clear(best, offset_s, std_s, offsets_s)
    total_s = round(known_s + offset_s, 4)
    return OffsetEstimate(
        camera=camera,
        offset_s=total_s,
        std_s=std_s,
        parameters={f"camera.{camera}.time_offset_s": total_s},
        yaw_deg=yaw_deg,
        turn_rad_s=turn_rad_s,
        observations=len(observations),
        agreement=best,
        offsets_s=offsets_s + known_s,
        curve=surface[:, yaw_at],
        stds=np.array([row[yaw_at].std for row in found]),
    )


def _expect_clear(
    best: Agreement, offset_s: float, std_s: float, offsets_s: NDArray[np.float64]
) -> None:
    """Refuse what the bag does not tell.

    Raises:
        CalibrationError: no agreement anywhere, a top at the end of the search, or a flat one.
    """
    if not best.is_certain:
        msg = (
            f"no agreement between labels and scans at any offset within "
            f"{offsets_s[-1]:g} s; run `seg-perception check-calibration`, or give better labels"
        )
        raise CalibrationError(msg)
    if abs(offset_s) > offsets_s[-1] - _FIT_STEPS / 2 * _STEP_S:
        msg = (
            f"the agreement still rises at {offset_s:+.2f} s, the end of the "
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
