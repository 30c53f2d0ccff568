"""How lenses bend rays: slopes (x, y) = (X, Z) and (Y, Z) ratios, as ideal and as imaged.

plumb_bob and rational_polynomial are OpenCV's calib3d model (Brown 1966, with the
rational, thin prism and tilt terms of its documentation); equidistant is OpenCV's
fisheye model (Kannala and Brandt 2006).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import CalibrationError
from seg_perception.geometry.radial_profile import Floats, RadialProfile, invert_distortion


class DistortionModel(Protocol):
    """A distortion model, and how far out it holds."""

    @property
    def limit(self) -> float:
        """Largest slope, hypot(x, y), that is imaged; farther rays would fold back."""

    def distort(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Imaged slopes of ideal ones within `limit`, float of any shape; keeps shape and dtype."""

    def undistort(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Ideal slopes of imaged ones, float64 of the same shape.

        NaN where no ray within `limit` leads there.
        """


def make_distortion_model(model: str, d: NDArray[np.float64], reach: float) -> DistortionModel:
    """Choose the distortion model of a calibration.

    Args:
        model: CameraInfo's distortion_model.
        d: float64 (n,), its coefficients.
        reach: imaged slope of the image's farthest corner.

    Raises:
        CalibrationError: an unknown model, or a number of coefficients it does not have.
    """
    if not np.isfinite(d).all():
        msg = f"distortion coefficients: expected finite numbers, got {d.tolist()}; calibrate anew"
        raise CalibrationError(msg)
    if not d.any():
        return Pinhole()
    name, coefficients = resolve_model(model, d)
    return _MODELS[name][coefficients.size](coefficients, reach)


def resolve_model(model: str, d: NDArray[np.float64]) -> tuple[str, NDArray[np.float64]]:
    """The model by ROS' own name, and as many coefficients as it has.

    Drivers write other names, `plumb_bob` above the coefficients of another of OpenCV's models,
    whose order is the same, or zeros behind the last coefficient.

    Args:
        model: CameraInfo's distortion_model.
        d: float64 (n,), its coefficients.

    Raises:
        CalibrationError: a name, or a number of coefficients, that does not say what they are.
    """
    family = _FAMILIES.get(re.sub(r"[\s-]+", "_", model.strip().lower()), {})
    used = max(np.flatnonzero(d), default=-1) + 1
    counts = [n for n in family if n == d.size or used <= n < d.size]
    if counts:
        count = max(counts)
        return family[count], d[:count]
    expected = ", ".join(
        f"{name} with {' or '.join(map(str, makers))}" for name, makers in _MODELS.items()
    )
    msg = (
        f"distortion model {model!r} with {d.size} coefficients: expected {expected}; "
        "mend camera_info or calibrate with one of these models"
    )
    raise CalibrationError(msg)


class Pinhole:
    """No distortion."""

    limit = math.inf

    def distort(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Leave slopes as they are."""
        return x, y

    def undistort(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Leave slopes as they are."""
        return np.asarray(x, np.float64), np.asarray(y, np.float64)


class PlumbBob:
    """Radial polynomial and decentring: k1, k2, p1, p2, k3."""

    def __init__(self, d: NDArray[np.float64], reach: float) -> None:
        padded = [*d.tolist(), *[0.0] * (14 - d.size)]
        k1, k2, self._p1, self._p2, k3, k4, k5, k6 = padded[:8]
        self._above, self._below = _trimmed(k1, k2, k3), _trimmed(k4, k5, k6)
        self._s1, self._s2, self._s3, self._s4 = padded[8:12]
        self._profile = RadialProfile.of(lambda r: r * self._radial(r * r), reach)

    @property
    def limit(self) -> float:
        """Where the radial polynomial stops rising, or the image ends."""
        return self._profile.limit

    def distort(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Apply the radial factor, then the decentring."""
        r2 = x * x
        r2 += y * y
        # 2 p1 x y + p2 (r2 + 2 x x) and its twin have a common factor of x and of y.
        factor = self._radial(r2)
        factor += (2 * self._p2) * x
        factor += (2 * self._p1) * y
        return factor * x + self._p2 * r2, factor * y + self._p1 * r2

    def undistort(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Solve from the radial inverse on by Newton's method."""
        return invert_distortion(self.distort, self._profile, x, y)

    def _radial(self, r2: Floats) -> Floats:
        return _polynomial(r2, self._above)


class Rational(PlumbBob):
    """A polynomial over another: k1, k2, p1, p2, k3, k4, k5, k6."""

    def _radial(self, r2: Floats) -> Floats:
        factor = super()._radial(r2)
        factor /= _polynomial(r2, self._below)
        return factor


class ThinPrism(Rational):
    """Rational, and s1, s2, s3, s4 for lenses that are not parallel to the sensor."""

    def distort(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Add the prism's terms."""
        imaged_x, imaged_y = super().distort(x, y)
        r2 = x * x + y * y
        return (
            imaged_x + r2 * (self._s1 + r2 * self._s2),
            imaged_y + r2 * (self._s3 + r2 * self._s4),
        )


class Tilted(ThinPrism):
    """Thin prism on a sensor that is tilted by two angles, tau x and tau y."""

    def __init__(self, d: NDArray[np.float64], reach: float) -> None:
        self._tilt = _tilt(float(d[12]), float(d[13]))
        super().__init__(d, reach)

    def distort(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Project on the tilted sensor, last."""
        return _homography(self._tilt, *super().distort(x, y))

    def undistort(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Set the sensor upright, first."""
        upright = _homography(np.linalg.inv(self._tilt), x, y)
        return invert_distortion(super().distort, self._profile, *upright)


class Equidistant:
    """Fisheye: the imaged slope is a polynomial of the ray's angle, k1, k2, k3, k4."""

    def __init__(self, d: NDArray[np.float64], reach: float) -> None:
        self._k = _trimmed(*d.tolist())
        self._profile = RadialProfile.of(lambda r: self.imaged(np.arctan(r)), reach)

    @property
    def limit(self) -> float:
        """Where the polynomial stops rising, or the image ends, or rays turn sideways."""
        return self._profile.limit

    def distort(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Scale by imaged over ideal radius."""
        radius = np.maximum(np.sqrt(x * x + y * y), 1e-8)
        scale = self.imaged(np.arctan(radius)) / radius
        return x * scale, y * scale

    def undistort(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Solve from the table's inverse on by Newton's method."""
        return invert_distortion(self.distort, self._profile, x, y)

    def imaged(self, angle: Floats) -> Floats:
        """Imaged slope of rays at angles (rad) from the axis; keeps shape and dtype."""
        return angle * _polynomial(angle * angle, self._k)


_Maker = Callable[[NDArray[np.float64], float], DistortionModel]
_MODELS: Mapping[str, Mapping[int, _Maker]] = {
    "plumb_bob": {4: PlumbBob, 5: PlumbBob},
    "rational_polynomial": {8: Rational, 12: ThinPrism, 14: Tilted},
    "equidistant": {4: Equidistant},
}
# Which model so many coefficients are of.
_BROWN = dict.fromkeys(_MODELS["plumb_bob"], "plumb_bob")
_OPENCV = {**_BROWN, **dict.fromkeys(_MODELS["rational_polynomial"], "rational_polynomial")}
_FISHEYE = dict.fromkeys(_MODELS["equidistant"], "equidistant")
_FAMILIES: Mapping[str, Mapping[int, str]] = {
    **dict.fromkeys(("plumb_bob", "rational_polynomial", "opencv"), _OPENCV),
    **dict.fromkeys(("radtan", "radial_tangential", "brown_conrady"), _BROWN),
    **dict.fromkeys(("equidistant", "equi", "fisheye", "kannala_brandt"), _FISHEYE),
    # Four without a name may be a fisheye's, too.
    "": {count: name for count, name in _OPENCV.items() if count not in _FISHEYE},
}


def _trimmed(*coefficients: float) -> tuple[float, ...]:
    """Coefficients up to the last that is not zero, the first at least."""
    used = [i for i, coefficient in enumerate(coefficients) if coefficient != 0]
    return coefficients[: max(used, default=0) + 1]


def _polynomial(value: Floats, coefficients: tuple[float, ...]) -> Floats:
    """1 + c1 v + c2 v^2 + ..., by Horner's rule in one array."""
    result = value * coefficients[-1]
    for coefficient in coefficients[-2::-1]:
        result += coefficient
        result *= value
    result += 1
    return result


def _tilt(tau_x: float, tau_y: float) -> NDArray[np.float64]:
    sin_x, cos_x, sin_y, cos_y = math.sin(tau_x), math.cos(tau_x), math.sin(tau_y), math.cos(tau_y)
    about_x = np.array([[1, 0, 0], [0, cos_x, sin_x], [0, -sin_x, cos_x]])
    about_y = np.array([[cos_y, 0, -sin_y], [0, 1, 0], [sin_y, 0, cos_y]])
    rotation = about_y @ about_x
    along = np.array(
        [
            [rotation[2, 2], 0, -rotation[0, 2]],
            [0, rotation[2, 2], -rotation[1, 2]],
            [0, 0, 1],
        ]
    )
    tilt: NDArray[np.float64] = along @ rotation
    return tilt


def _homography(matrix: Floats, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    m = matrix.tolist()
    scale = 1 / (m[2][0] * x + m[2][1] * y + m[2][2])
    return (
        (m[0][0] * x + m[0][1] * y + m[0][2]) * scale,
        (m[1][0] * x + m[1][1] * y + m[1][2]) * scale,
    )
