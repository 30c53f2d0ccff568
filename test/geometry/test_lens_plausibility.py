"""Lenses that can't be, lenses that seldom are, and lenses that are sound."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from seg_perception.core.errors import CalibrationError
from seg_perception.core.types import Calibration, RegionOfInterest
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.lens_plausibility import expect_possible, find_oddities

WIDTH, HEIGHT = 640, 480
K = np.array([[500.0, 0, 319.5], [0, 500, 239.5], [0, 0, 1]])


def matrix(fx: float = 500, fy: float = 500, cx: float = 319.5, cy: float = 239.5) -> Any:
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]])


def lens(k: Any = K, **changes: Any) -> Calibration:
    return Calibration(**{"width": WIDTH, "height": HEIGHT, "k": k, **changes})


def stereo(k: Any) -> Any:
    return np.hstack([k, [[-60.0], [0], [0]]])


@pytest.mark.parametrize(
    ("k", "problem"),
    [
        # cx / 640 and cy / 480
        (matrix(cx=0.5, cy=0.4990), "(0.5, 0.499): in shares of the image; in pixels it is (320,"),
        (
            matrix(0.78125, 1.0417, 0.5, 0.5),
            "0.78125 px for an image of 640x480: no lens sees so wide",
        ),
        (K.T, "the last row of K is (319.5, 239.5, 1), not (0, 0, 1): it is transposed"),
        (matrix(cx=0, cy=0), "(0, 0), as if it was never set"),
        # 4 mm and 3 um pixels, in metres and in nanometres
        (matrix(0.004, 0.004), "0.004 px"),
        (matrix(1.3e6, 1.3e6), "no lens sees so narrow"),
        (matrix(500, 50), "fx 500 and fy 50: no pixel is so oblong"),
        (
            matrix(cx=1919.5, cy=1439.5),
            "far outside of an image of 640x480; it fits an image of about 3840x2880",
        ),
    ],
)
@pytest.mark.parametrize("rectified", [False, True])
def test_what_can_not_be_is_refused_with_its_number_and_cause(
    k: Any,
    problem: str,
    rectified: bool,  # noqa: FBT001
) -> None:
    # Where P is used, K is sound, and the other way round.
    wrong = lens(p=stereo(k)) if rectified else lens(k, p=stereo(K))
    name = "P" if rectified else "K"
    with pytest.raises(CalibrationError, match=re.escape(problem.replace("of K", f"of {name}"))):
        expect_possible(wrong, rectified=rectified)
    expect_possible(wrong, rectified=not rectified)
    assert find_oddities(wrong, rectified=not rectified)


def test_rectified_images_need_a_projection_matrix() -> None:
    with pytest.raises(
        CalibrationError, match="P, which rectified images need, has focal lengths 0"
    ):
        expect_possible(lens(), rectified=True)


def test_a_transposed_projection_matrix_of_twelve_numbers_is_seen() -> None:
    p = stereo(K).reshape(-1, order="F").reshape(3, 4)
    with pytest.raises(CalibrationError, match=r"last row of P is .* transposed"):
        expect_possible(lens(p=p), rectified=True)


@pytest.mark.parametrize(
    ("calibration", "oddity"),
    [
        # The image is four times smaller than it says; 79.5 is the centre of 160 pixels.
        (
            lens(matrix(125, 125, 79.5, 59.5), binning_x=4, binning_y=4),
            "about 160x120, as after binning",
        ),
        # 559.5 px is 240 px, 0.375 of the width, off the centre.
        (lens(matrix(cx=559.5)), "right only for images that were cropped without a word"),
        (lens(matrix(cx=239.5, cy=319.5), height=640, width=480 * 3), "principal point"),
        (lens(matrix(cx=539.5, cy=959.5), width=1920, height=1080), "cx and cy are exchanged"),
        (
            lens(
                matrix(cx=159.5, cy=119.5),
                width=1920,
                height=1200,
                roi=RegionOfInterest(800, 540, 320, 240),
            ),
            "that of the roi, 320x240, not of the full sensor",
        ),
        (lens(matrix(500, 375)), "fx 500 and fy 375, 1.33 times each other"),
        # 2 atan(640 / 2 / 64) = 157 degrees
        (lens(matrix(64, 64)), "an image of 640x480 shows 157 degrees"),
        (lens(matrix(64000, 64000)), "shows 0.57 degrees"),
        (lens(p=stereo(matrix(5000, 5000))), "fx is 500 in K and 5000 in P"),
        (lens(np.diag([1, 1, 0.5]) @ K), "the last number of K is 0.5, not 1"),
        (lens(K + np.array([[0, 50.0, 0], [0, 0, 0], [0, 0, 0]])), "a skew of 50 px"),
        (
            lens(distortion_model="equidistant", d=np.zeros(4)),
            "taken for a lens without distortion",
        ),
    ],
)
def test_what_seldom_is_is_said_with_its_number_and_cause(
    calibration: Calibration, oddity: str
) -> None:
    expect_possible(calibration)
    (said,) = find_oddities(calibration)
    assert oddity in said


@pytest.mark.parametrize(
    "calibration",
    [
        lens(),
        lens(p=stereo(K)),
        # A fisheye of 200 degrees: 320 px are 100 degrees.
        lens(matrix(183, 183), distortion_model="equidistant", d=np.array([0.01, 0, 0, 0])),
        # The roi lies in a corner of the sensor, K is that of the sensor.
        lens(roi=RegionOfInterest(0, 0, 200, 100)),
        lens(binning_x=2, binning_y=2),
        # A colour lens of 120 degrees, rectified to a larger field.
        lens(matrix(185, 185), p=stereo(matrix(110, 110))),
        # A dashboard's telephoto lens of 30 degrees.
        lens(matrix(1194, 1190, 300, 250)),
        # The upper third of an image of 640x720 was cut off.
        lens(matrix(cy=119.5)),
    ],
)
def test_a_sound_lens_is_not_talked_about(calibration: Calibration) -> None:
    for rectified in (False, bool(calibration.p.any())):
        expect_possible(calibration, rectified=rectified)
        assert find_oddities(calibration, rectified=rectified) == []


def test_lenses_of_other_names_are_the_same_lenses() -> None:
    points = np.array([[0.3, -0.2, 1], [-0.5, 0.4, 2], [0.1, 0.1, 1]])
    brown, opencv = [0.1, -0.05, 0.001, 0.002], [0.1, -0.05, 0.001, 0.002, 0.01, 0.02, 0.003, 0.004]
    same = [
        ("plumb_bob", brown, ["radtan", "brown_conrady", "Plumb Bob", "rational_polynomial"]),
        ("rational_polynomial", opencv, ["plumb_bob", ""]),
        ("equidistant", brown, ["fisheye", "kannala_brandt", "Kannala-Brandt", "equi"]),
    ]
    for name, d, others in same:
        expected = project(name, d, points)
        for other in others:
            np.testing.assert_array_equal(project(other, d, points), expected)
    padded = [*brown, 0, 0, 0, 0, 0]
    np.testing.assert_array_equal(
        project("equidistant", padded, points), project("equidistant", brown, points)
    )


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("", 4),  # a fisheye's, or not
        ("fisheye", 8),
        ("brown_conrady", 8),  # in more than one order
        ("inverse_brown_conrady", 5),
        ("modified_brown_conrady", 5),
        ("double_sphere", 2),
        ("plumb_bob", 3),
    ],
)
def test_what_is_not_clear_is_refused(name: str, count: int) -> None:
    with pytest.raises(CalibrationError, match=f"'{name}' with {count} coefficients"):
        project(name, [0.1] * count, np.ones((1, 3)))


def project(model: str, d: list[float], points: Any) -> Any:
    calibration = lens(distortion_model=model, d=np.array(d))
    return CameraModel.from_calibration(calibration).project(points).uv
