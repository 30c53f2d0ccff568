"""A camera as people describe it: numbers, a camera_info message, a calibration file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from seg_perception.api.notices import warn_of
from seg_perception.config import CameraConfig
from seg_perception.core.errors import CalibrationError, ConfigError
from seg_perception.core.issue_kinds.lenses import BAD_CAMERA_INFO
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.types import Calibration
from seg_perception.geometry.calibration import published_size
from seg_perception.geometry.distortion import resolve_model
from seg_perception.io.calibration_file import read_calibration_file
from seg_perception.io.camera_info import decode_camera_info
from seg_perception.pipeline.camera_lens import CameraLens

if TYPE_CHECKING:
    from typing_extensions import Self

Convention = Literal["optical", "body"]
# Two models have four coefficients.
_AMBIGUOUS = 4


class Camera:
    """A lens, and how it is mounted.

    Attributes:
        calibration: what sensor_msgs/CameraInfo says.
        config: parameters, as `camera.NAME.*` in a parameter file.
        convention: axes of the frame that `T_camera_lidar` leads into; None: optical, and refused
            where the points speak for a body frame.
    """

    def __init__(
        self,
        K: NDArray[Any] | Sequence[Any],
        size: tuple[int, int],
        D: NDArray[Any] | Sequence[float] = (),
        model: str = "",
        *,
        frame_convention: Convention | None = None,
        **parameters: Any,
    ) -> None:
        """Describe a camera by numbers.

            Camera([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], (1920, 1080), [k1, k2, p1, p2, k3])

        Images that are rectified have no D; K then is the left (3, 3) of P.

        Args:
            K: (3, 3) or nine numbers, pixel: focal lengths and principal point.
            size: width and height of the images (pixel).
            D: distortion coefficients; none: no distortion.
            model: `plumb_bob` (OpenCV's usual one), `rational_polynomial` or `equidistant`
                (fisheye); may be left out where the number of coefficients tells.
            frame_convention: `optical` (z forward, x right), `body` (x forward, y left) or None:
                optical, but a cloud that speaks against it is refused.
            parameters: more of what a parameter file says of a camera, by the same names:
                `ego_mask`, `time_offset_s`, `readout_s` ...

        Raises:
            CalibrationError: no lens that can be; warns of one that is odd.
            ConfigError: an unknown parameter, or a value that is refused.
        """
        matrix, d = _as_intrinsics(K), np.array(D, np.float64).reshape(-1)
        width, height = size
        p = np.hstack([matrix, np.zeros((3, 1))])
        given = Calibration(int(width), int(height), matrix, _model_of(model, d), d, p=p)
        self._check(given, _parameters(parameters), frame_convention)

    @classmethod
    def of_checked(cls, calibration: Calibration, config: CameraConfig) -> Self:
        """A camera whose lens was checked and corrected before."""
        camera = cls.__new__(cls)
        cls._set(camera, calibration, calibration, config, None)
        return camera

    @classmethod
    def from_calibration(
        cls,
        calibration: Calibration,
        *,
        frame_convention: Convention | None = None,
        **parameters: Any,
    ) -> Self:
        """A camera of a calibration; arguments and errors as for the class."""
        camera = cls.__new__(cls)
        cls._check(camera, calibration, _parameters(parameters), frame_convention)
        return camera

    @classmethod
    def from_message(
        cls, message: Any, *, frame_convention: Convention | None = None, **parameters: Any
    ) -> Self:
        """A camera of a sensor_msgs/CameraInfo: rclpy's, rosbags', ROS 1's.

        `rectified=True` for images that are rectified. Other arguments and errors as for the class.
        """
        calibration = decode_camera_info(message)
        return cls.from_calibration(calibration, frame_convention=frame_convention, **parameters)

    @classmethod
    def from_file(
        cls, path: str | Path, *, frame_convention: Convention | None = None, **parameters: Any
    ) -> Self:
        """A camera of a YAML file of ROS' camera_calibration; arguments as `from_message`."""
        calibration = read_calibration_file(path)
        return cls.from_calibration(calibration, frame_convention=frame_convention, **parameters)

    def adjusted(self, *, frame_convention: Convention | None = None, **parameters: Any) -> Self:
        """The same camera with other parameters: `camera.adjusted(frame_convention="body")`."""
        changed = {**self.config.model_dump(exclude_unset=True), **parameters}
        del changed["image_topic"]
        convention = frame_convention or self.convention
        return self.from_calibration(self._sent, frame_convention=convention, **changed)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its images (pixel)."""
        return published_size(self.calibration)

    def __repr__(self) -> str:
        """Size, focal length and lens."""
        (width, height), c = self.size, self.calibration
        lens = c.distortion_model if c.d.any() and not self.config.rectified else "no distortion"
        fx = (c.p if self.config.rectified else c.k)[0, 0]
        return f"<Camera {width}x{height}, fx {fx:.1f}, {lens}>"

    def _check(
        self, sent: Calibration, config: CameraConfig, convention: Convention | None
    ) -> None:
        if convention not in (None, "optical", "body"):
            msg = f"frame_convention: expected 'optical', 'body' or None, got {convention!r}"
            raise ConfigError(msg)
        issues = IssueLog()
        lens = CameraLens("NAME", config, issues)
        lens.take(sent)
        if lens.calibration is None:
            refused = (issue for issue in issues.all() if issue.code == BAD_CAMERA_INFO.code)
            raise CalibrationError("; ".join(issue.sentence for issue in refused))
        warn_of(issues.all())
        self._set(sent, lens.calibration, config, convention)

    def _set(
        self,
        sent: Calibration,
        calibration: Calibration,
        config: CameraConfig,
        convention: Convention | None,
    ) -> None:
        self._sent = sent
        self.calibration = calibration
        self.config = config
        self.convention = convention


def _parameters(parameters: dict[str, Any]) -> CameraConfig:
    """Raises ConfigError: unknown, or refused."""
    from pydantic import ValidationError

    from seg_perception.core.validation import explain

    if foreign := {"image_topic", "calibration_file"} & set(parameters):
        msg = f"Camera: {sorted(foreign)} can't be given here: numbers, messages and files can"
        raise ConfigError(msg)
    try:
        return CameraConfig(image_topic="/image", **parameters)
    except ValidationError as error:
        raise ConfigError(explain(error, "Camera")) from error


def _as_intrinsics(K: Any) -> NDArray[np.float64]:
    matrix = np.array(K, np.float64)
    if matrix.size != 9:
        msg = (
            f"K: expected (3, 3), or nine numbers, got {matrix.shape}; "
            "pass [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]"
        )
        raise CalibrationError(msg)
    return matrix.reshape(3, 3)


def _model_of(model: str, d: NDArray[np.float64]) -> str:
    """The model's name, where the number of coefficients tells it."""
    if model or not d.any():
        return model
    if d.size == _AMBIGUOUS:
        msg = (
            "D has four coefficients, as plumb_bob and equidistant (fisheye) have; expected model= "
            "to say which, for instance Camera(K, size, D, 'equidistant')"
        )
        raise CalibrationError(msg)
    return resolve_model("plumb_bob", d)[0]
