"""Whether a lens can be: what drivers and calibration files get wrong, and how it shows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import CalibrationError
from seg_perception.core.types import Calibration
from seg_perception.geometry.distortion import resolve_model

# Shares of the image: how far from the centre the principal point seldom lies, in both directions
# at once, and beyond which no crop explains it.
_ODD_CENTRE, _ODD_SCALE, _LEAST_CENTRE, _MOST_CENTRE = 0.3, 0.15, -0.5, 1.5
# Image size over focal length: a fisheye that sees all around has 2 pi, other lenses of 150
# degrees 7.5; a telephoto lens of 1 degree 0.017.
_ODD_WIDE, _MOST_WIDE, _ODD_NARROW, _LEAST_NARROW = 7.5, 20.0, 0.017, 0.001
_ALL_AROUND = 2 * math.pi
# fx over fy, and focal length in P over that in K.
_ODD_ASPECT, _MOST_ASPECT, _ODD_ZOOM = 1.25, 5.0, 5.0
# Pixels: in a smaller image its centre may lie at (1, 1); below it a focal length is one in shares.
_SMALL_PX = 4
_SAME_SHARE = 0.05


def expect_possible(calibration: Calibration, *, rectified: bool = False) -> None:
    """Refuse a lens that can't be.

    Args:
        calibration: of the full sensor.
        rectified: P is used in place of K.

    Raises:
        CalibrationError: with the number, and the likely cause.
    """
    for fault in _used(calibration, rectified=rectified).impossible():
        raise CalibrationError(fault)


def find_oddities(calibration: Calibration, *, rectified: bool = False) -> list[str]:
    """What is odd about a lens that may be: a number and its likely cause each.

    Args:
        calibration: of the full sensor; possible.
        rectified: P is used in place of K.
    """
    found = list(_used(calibration, rectified=rectified).odd())
    if calibration.p[:, :3].any():
        other = _used(calibration, rectified=not rectified)
        found += list(other.impossible()) or list(other.odd()) or list(_apart(calibration))
    if not rectified and not calibration.d.any() and _is_fisheye(calibration):
        found.append(
            f"the distortion model is {calibration.distortion_model!r} and all coefficients are 0: "
            "taken for a lens without distortion, as ROS does"
        )
    return found


@dataclass(frozen=True, eq=False)
class _Intrinsics:
    """K or P as it was sent.

    Attributes:
        name: which of them.
        matrix: float64 (3, 3), pixel of the full sensor.
        calibration: where it stands.
        is_fisheye: the image's radius is the ray's angle times the focal length.
    """

    name: str
    matrix: NDArray[np.float64]
    calibration: Calibration
    is_fisheye: bool

    @property
    def focal(self) -> tuple[float, float]:
        return float(self.matrix[0, 0]), float(self.matrix[1, 1])

    @property
    def centre(self) -> tuple[float, float]:
        return float(self.matrix[0, 2]), float(self.matrix[1, 2])

    @property
    def size(self) -> tuple[int, int]:
        return self.calibration.width, self.calibration.height

    @property
    def centre_shares(self) -> tuple[float, float]:
        """Of the image, so that 0 to 1 lies in it."""
        (cx, cy), (width, height) = self.centre, self.size
        return (cx + 0.5) / width, (cy + 0.5) / height

    @property
    def widest(self) -> float:
        """Image size over focal length, the larger of the two."""
        return max(size / focal for size, focal in zip(self.size, self.focal, strict=True))

    @property
    def aspect(self) -> float:
        return max(self.focal[0] / self.focal[1], self.focal[1] / self.focal[0])

    def impossible(self) -> Iterator[str]:
        """What can't be, the most telling first."""
        if self.matrix[2, :2].any():
            last = ", ".join(f"{value:g}" for value in self.matrix[2])
            yield (
                f"the last row of {self.name} is ({last}), not (0, 0, 1): it is transposed; "
                "publish it row by row"
            )
            return
        yield from self._impossible_focal()
        yield from self._impossible_centre()

    def _impossible_focal(self) -> Iterator[str]:
        fx, fy = self.focal
        if min(fx, fy) <= 0:
            images = "rectified" if self.name == "P" else "raw"
            yield (
                f"{self.name}, which {images} images need, has focal lengths {fx:g} and {fy:g}, "
                "not above 0; calibrate"
            )
            return
        most = _ALL_AROUND if self.is_fisheye else _MOST_WIDE
        if self.widest > most:
            cause = (
                "is in shares of the image, not in pixels"
                if max(fx, fy) < _SMALL_PX
                else ("is of another image, or in another unit")
            )
            yield (
                f"{self.name} has a focal length of {min(fx, fy):g} px for {self._size_text}: no "
                f"lens sees so wide; it {cause}"
            )
        elif self.widest < _LEAST_NARROW:
            yield (
                f"{self.name} has a focal length of {max(fx, fy):g} px for {self._size_text}: no "
                "lens sees so narrow; it is in another unit"
            )
        elif self.aspect > _MOST_ASPECT:
            yield (
                f"{self.name} has fx {fx:g} and fy {fy:g}: no pixel is so oblong; one of them is "
                "wrong"
            )

    def _impossible_centre(self) -> Iterator[str]:
        (cx, cy), (width, height) = self.centre, self.size
        if min(width, height) < _SMALL_PX:
            return
        if (cx, cy) == (0, 0):
            yield f"{self.name} has its principal point at (0, 0), as if it was never set"
        elif min(cx, cy) >= 0 and max(cx, cy) <= 1:
            yield (
                f"{self.name} has its principal point at ({cx:g}, {cy:g}): in shares of the image; "
                f"in pixels it is ({cx * width:g}, {cy * height:g})"
            )
        elif any(not _LEAST_CENTRE <= share <= _MOST_CENTRE for share in self.centre_shares):
            yield (
                f"{self.name} has its principal point at ({cx:g}, {cy:g}), far outside of "
                f"{self._size_text}; {self._cause_of_centre()}"
            )

    def odd(self) -> Iterator[str]:
        """What seldom is, of what can be."""
        (fx, fy), (cx, cy) = self.focal, self.centre
        if self.matrix[2, 2] != 1:
            yield f"the last number of {self.name} is {self.matrix[2, 2]:g}, not 1"
        if abs(self.matrix[0, 1]) > _SAME_SHARE * fx:
            yield f"{self.name} has a skew of {self.matrix[0, 1]:g} px, which is not considered"
        if not self.is_fisheye and self.widest > _ODD_WIDE:
            angle = math.degrees(2 * math.atan(self.widest / 2))
            yield f"{self.name} says that {self._size_text} shows {angle:.0f} degrees"
        if self.widest < _ODD_NARROW:
            angle = math.degrees(self.widest)
            yield f"{self.name} says that {self._size_text} shows {angle:.2f} degrees"
        if self.aspect > _ODD_ASPECT:
            yield (
                f"{self.name} has fx {fx:g} and fy {fy:g}, {self.aspect:.2f} times each other: "
                "right only for images that were stretched"
            )
        if self._is_off_centre:
            yield (
                f"{self.name} has its principal point at ({cx:g}, {cy:g}), far from the centre of "
                f"{self._size_text}: {self._cause_of_centre()}"
            )

    @property
    def _is_off_centre(self) -> bool:
        """Far off, or less far in both directions alike, as the centre of another size is."""
        off = [abs(share - 0.5) for share in self.centre_shares]
        return max(off) > _ODD_CENTRE or (min(off) > _ODD_SCALE and self._is_scaled)

    @property
    def _is_scaled(self) -> bool:
        x, y = self.centre_shares
        return x > 0 and abs(x - y) < _SAME_SHARE * max(x, y, 1)

    @property
    def _size_text(self) -> str:
        return f"an image of {self.size[0]}x{self.size[1]}"

    def _cause_of_centre(self) -> str:
        """Another size of which it is the centre, the two exchanged, or a crop."""
        (cx, cy), (width, height) = self.centre, self.size
        window = self.calibration.roi
        if window.width and _is_centre(cx, cy, window.width, window.height):
            return f"it is that of the roi, {window.width}x{window.height}, not of the full sensor"
        if _is_centre(cx, cy, height, width):
            return "cx and cy are exchanged"
        if self._is_scaled:
            is_binned = self.calibration.binning_x > 1 and cx < width / 2
            binned = ", as after binning" if is_binned else ""
            return f"it fits an image of about {2 * cx + 1:.0f}x{2 * cy + 1:.0f}{binned}"
        return "right only for images that were cropped without a word"


def _used(calibration: Calibration, *, rectified: bool) -> _Intrinsics:
    if rectified:
        return _Intrinsics("P", calibration.p[:, :3], calibration, is_fisheye=False)
    is_fisheye = bool(calibration.d.any()) and _is_fisheye(calibration)
    return _Intrinsics("K", calibration.k, calibration, is_fisheye)


def _is_fisheye(calibration: Calibration) -> bool:
    try:
        model, _ = resolve_model(calibration.distortion_model, calibration.d)
    except CalibrationError:
        return False
    return model == "equidistant"


def _apart(calibration: Calibration) -> Iterator[str]:
    """How K and P, both sound, differ by more than a rectification explains."""
    k, p = calibration.k, calibration.p
    zoom = float(p[0, 0] / k[0, 0])
    if not 1 / _ODD_ZOOM <= zoom <= _ODD_ZOOM:
        yield f"fx is {k[0, 0]:g} in K and {p[0, 0]:g} in P: one of them is of another image"


def _is_centre(cx: float, cy: float, width: int, height: int) -> bool:
    return abs(cx / width - 0.5) < _SAME_SHARE and abs(cy / height - 0.5) < _SAME_SHARE
