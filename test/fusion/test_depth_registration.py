"""Depths before a label map: through one lens pixel by pixel, through another the nearest."""

from __future__ import annotations

import math

import numpy as np
import pytest

from seg_perception.core.types import Calibration, DepthImage, LabelMap
from seg_perception.fusion.depth_registration import DepthRegistration, is_aligned
from seg_perception.fusion.view import PreparedLabelMap, View
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.rolling_shutter import RollingShutter

WIDTH, HEIGHT, FOCAL = 64, 48, 32.0


def lens(
    width: int = WIDTH, height: int = HEIGHT, focal: float = FOCAL, **more: object
) -> CameraModel:
    k = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])
    p = np.hstack([k, np.zeros((3, 1))])
    return CameraModel.from_calibration(Calibration(width, height, k, p=p, **more))  # type: ignore[arg-type]


def depths(values: object, unit_m: float = 0.001) -> DepthImage:
    array = np.asarray(values)
    dtype = np.float32 if array.dtype.kind == "f" else np.uint16
    return DepthImage(array.astype(dtype), unit_m, 0, "depth")


def view(T: np.ndarray | None = None, camera: CameraModel | None = None, **more: object) -> View:
    camera = camera or lens()
    blank = np.zeros((camera.height, camera.width), np.uint8)
    prepared = PreparedLabelMap(LabelMap("front", blank, blank, 0, "front"))
    return View(prepared, camera, np.eye(4) if T is None else T, **more)  # type: ignore[arg-type]


def aside(x_m: float) -> np.ndarray:
    """The depth camera sits so far to the left of the other one."""
    T = np.eye(4)
    T[0, 3] = -x_m
    return T


def test_a_pixel_is_a_pixel_through_one_lens():
    values = np.full((HEIGHT, WIDTH), 2000)
    values[10, 20], values[11, 21], values[12, 22] = 4000, 0, 65535
    found = DepthRegistration(10).aligned(depths(values), lens())
    xyz = found.xyz.reshape(HEIGHT, WIDTH, 3)
    # (20 - 31.5) / 32 and (10 - 23.5) / 32, 4 m off.
    np.testing.assert_allclose(xyz[10, 20], [-1.4375, -1.6875, 4.0])
    assert np.isnan(xyz[[11, 12], [21, 22]]).all()
    assert np.isfinite(xyz).all(axis=2).sum() == WIDTH * HEIGHT - 2
    np.testing.assert_array_equal(found.depth_m.reshape(HEIGHT, WIDTH)[0], np.float32(2.0))


@pytest.mark.parametrize(
    ("value", "metres"),
    [(1.5, 1.5), (0.0, None), (-1.0, None), (np.nan, None), (np.inf, None), (10.5, None)],
)
def test_floats_are_metres_and_what_is_none_is_nan(value, metres):
    values = np.full((HEIGHT, WIDTH), value, np.float32)
    found = DepthRegistration(10).aligned(depths(values, 1.0), lens()).depth_m
    assert np.isnan(found).all() if metres is None else (found == metres).all()


@pytest.mark.parametrize(("width", "height"), [(32, 24), (128, 96), (100, 70)])
def test_each_pixel_has_the_nearest_depth_whatever_the_sizes(width, height):
    values = 1000 + np.arange(width * height).reshape(height, width) % 5000
    found = DepthRegistration(0).aligned(depths(values), lens()).depth_m.reshape(HEIGHT, WIDTH)
    for row, column in ((0, 0), (47, 63), (13, 40)):
        v = round((row + 0.5) * height / HEIGHT - 0.5)
        u = round((column + 0.5) * width / WIDTH - 0.5)
        assert found[row, column] == pytest.approx(values[v, u] / 1000)


def test_depth_of_a_rectified_image_is_along_its_own_axis():
    turn = math.radians(10)
    r = np.array(
        [[math.cos(turn), 0, math.sin(turn)], [0, 1, 0], [-math.sin(turn), 0, math.cos(turn)]]
    )
    k = np.array([[FOCAL, 0, 31.5], [0, FOCAL, 23.5], [0, 0, 1]])
    cal = Calibration(WIDTH, HEIGHT, k, r=r, p=np.hstack([k, np.zeros((3, 1))]))
    rectified = CameraModel.from_calibration(cal, rectified=True)
    found = DepthRegistration(0).aligned(depths(np.full((HEIGHT, WIDTH), 3000)), rectified)
    expected = r.T @ [(50 - 31.5) / FOCAL * 3, (7 - 23.5) / FOCAL * 3, 3.0]
    np.testing.assert_allclose(found.xyz.reshape(HEIGHT, WIDTH, 3)[7, 50], expected, atol=1e-5)


@pytest.mark.parametrize("shutter", [False, True], ids=["table", "lens"])
def test_what_is_nearest_is_seen_through_another_lens(shutter):
    """A post 1 m off before a wall 4 m off; the camera sits 0.25 m to the right of the depths."""
    values = np.full((HEIGHT, WIDTH), 4000)
    values[:, 28:36] = 1000
    T = aside(0.25)
    more = {"shutter": RollingShutter(T, T)} if shutter else {}
    found = DepthRegistration(0).through(depths(values), lens(), view(T, **more))
    row = found.depth_m.reshape(HEIGHT, WIDTH)[20]
    # 0.25 m are 8 px at 1 m and 2 px at 4 m: the post covers columns 20 to 27. The wall behind
    # it, as the depths see it, is missing at columns 28 to 33: nobody measured it.
    assert (row[20:28] == 1.0).all()
    assert (row[:19] == 4.0).all()
    assert np.isnan(row[29:33]).all()
    assert (row[35:61] == 4.0).all()
    assert np.isnan(row[62:]).all()
    # In the depth camera's frame: column 24 of the picture is 32 of the depths, 1 m off.
    x = found.xyz.reshape(HEIGHT, WIDTH, 3)[20, 24, 0]
    assert x == pytest.approx(0.5 / 32, abs=0.6 / 32)


@pytest.mark.parametrize(("width", "height", "focal"), [(128, 96, 64.0), (48, 36, 24.0)])
def test_a_wall_has_no_holes_whatever_the_other_lens_resolves(width, height, focal):
    wall = depths(np.full((height, width), 2000))
    found = DepthRegistration(0).through(wall, lens(width, height, focal), view(aside(0.05)))
    inner = found.depth_m.reshape(HEIGHT, WIDTH)[2:-2, :-4]
    assert (inner == 2.0).all()


def test_a_depth_camera_that_looks_elsewhere_sees_nothing_of_it():
    back = np.diag([-1.0, 1.0, -1.0, 1.0])
    found = DepthRegistration(0).through(depths(np.full((48, 64), 2000)), lens(), view(back))
    assert np.isnan(found.xyz).all()
    assert np.isnan(found.depth_m).all()


def test_a_lens_past_its_own_plane_is_asked_itself():
    wide = Calibration(
        64, 64, np.array([[20.0, 0, 31.5], [0, 20.0, 31.5], [0, 0, 1]]), "equidistant",
        np.array([0.01, 0, 0, 0]), fisheye_angle_deg=95,
    )  # fmt: skip
    camera = CameraModel.from_calibration(wide)
    found = DepthRegistration(0).through(
        depths(np.full((48, 64), 2000)), lens(), view(camera=camera)
    )
    middle = found.depth_m.reshape(64, 64)[31:33, 31:33]
    np.testing.assert_allclose(middle, 2.0, atol=0.01)


@pytest.mark.parametrize(
    ("size", "own", "aligned"),
    [
        ((64, 48), None, True),
        ((128, 96), None, True),
        # Another shape shows another part.
        ((64, 36), None, False),
        ((64, 48), lens(), True),
        ((128, 96), lens(128, 96, 64.0), True),
        # As many pixels, but another lens.
        ((64, 48), lens(focal=24.0), False),
    ],
)
def test_what_is_aligned_shows_what_the_picture_shows(size, own, aligned):
    assert is_aligned(size, own, lens()) is aligned
