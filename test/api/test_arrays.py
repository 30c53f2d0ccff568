"""What is handed in wrongly is refused with what makes it right."""

import re

import numpy as np
import pytest

from seg_perception import SegPerceptionWarning, View
from seg_perception.api.arrays import as_cloud, as_rgb, as_rigid
from seg_perception.core.errors import (
    CalibrationError,
    CloudError,
    ConfigError,
    ImageError,
    SizeMismatchError,
    TransformError,
)
from seg_perception.geometry.transforms import StampedTransform

IMAGE = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
MENDS = {
    "batch": (IMAGE[None], "[model.label(image) for image in images]"),
    "grey": (IMAGE[..., 0], "np.repeat(image[..., None], 3, axis=2)"),
    "alpha": (np.dstack([IMAGE, IMAGE[..., :1]]), "image[..., :3]"),
    "channels first": (np.zeros((3, 4, 5), np.uint8), "np.moveaxis(image, 0, -1)"),
    "float": (IMAGE / 255, "(image * 255).round().astype(np.uint8)"),
    "16 bits": (IMAGE.astype(np.uint16), "(image >> 8).astype(np.uint8)"),
    "none": (np.zeros((0, 4, 3), np.uint8), "pass one picture"),
    "text": (None, "pass one picture"),
}


@pytest.mark.parametrize("name", MENDS)
def test_an_image_of_another_form_is_told_how_to_become_one(name):
    image, mend = MENDS[name]
    with pytest.raises(ImageError, match=re.escape(mend)):
        as_rgb(image)


def test_bgr_turned_around_is_a_sound_image():
    turned = as_rgb(IMAGE[..., ::-1])
    assert turned.flags.c_contiguous
    assert turned[0, 0].tolist() == [2, 1, 0]


def test_what_numpy_makes_an_array_of_is_an_image():
    class Picture:
        def __array__(self, dtype=None, copy=None):
            return IMAGE

    assert np.array_equal(as_rgb(Picture()), IMAGE)


POINTS = np.arange(12.0).reshape(4, 3)
POINT_MENDS = {
    "intensity": (np.hstack([POINTS, POINTS[:, :1]]), "points[:, :3]"),
    "columns": (np.zeros((3, 50)), "points.T"),
    "organised": (POINTS.reshape(2, 2, 3), "points.reshape(-1, 3)"),
    "fields": (np.zeros(3, [("x", "f4")]), "np.stack([points[name] for name in 'xyz'], axis=-1)"),
    "text": (np.array([["a", "b", "c"]]), "one row a point"),
}


@pytest.mark.parametrize("name", POINT_MENDS)
def test_points_of_another_form_are_told_how_to_become_some(name):
    points, mend = POINT_MENDS[name]
    with pytest.raises(CloudError, match=re.escape(mend)):
        as_cloud(points, 1, "")


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32])
def test_points_of_any_number_are_a_cloud(dtype):
    cloud = as_cloud(POINTS.astype(dtype), 5, "lidar")
    assert cloud.xyz.dtype == np.float32
    assert cloud.xyz.tolist() == POINTS.tolist()


def test_times_of_points_are_whole_nanoseconds():
    cloud = as_cloud(POINTS, 5, "", np.array([0, 0.1, -0.05, 1e-9]))
    assert cloud.points["t"].tolist() == [[0, 100_000_000, -50_000_000, 1]]


@pytest.mark.parametrize(
    ("times", "text"),
    [
        (np.zeros(3), "one for each point"),
        (np.arange(4) * 1e9, "1e+09|3e\\+09"),
        (np.array([0, np.nan, 0, 0]), "less than 1"),
        (1.75e9 + np.zeros(4), "subtract the stamp"),
    ],
)
def test_times_that_are_no_scan_s_are_refused(times, text):
    with pytest.raises(CloudError, match=text):
        as_cloud(POINTS, 5, "", times)


def rigid():
    T = np.eye(4)
    T[:3, :3] = [[0, -1, 0], [0, 0, -1], [1, 0, 0]]
    T[:3, 3] = 1, 2, 3
    return T


MATRIX_MENDS = {
    "rows": (rigid()[:3], "append the row [0, 0, 0, 1]"),
    "transposed": (rigid().T, "transpose it: T.T"),
    "scaled": (np.diag([2.0, 2, 2, 1]), "is no rotation"),
    "mirrored": (np.diag([1.0, -1, 1, 1]), "mirrors"),
    "rotation": (np.eye(3), "four rows of four finite numbers"),
    "not finite": (rigid() * np.nan, "four rows of four finite numbers"),
    "last row": (np.vstack([rigid()[:3], [0, 0, 1, 1]]), "the last row is [0, 0, 0, 1]"),
}


@pytest.mark.parametrize("name", MATRIX_MENDS)
def test_a_matrix_that_is_no_rigid_transform_is_refused(name):
    matrix, mend = MATRIX_MENDS[name]
    with pytest.raises(TransformError, match=re.escape(mend)):
        as_rigid(matrix, "T_camera_lidar")


def test_a_stamped_transform_is_a_rigid_one():
    assert np.array_equal(as_rigid(StampedTransform("a", "b", 0, rigid()), "T"), rigid())


def test_an_image_of_another_size_than_the_camera_s_is_refused(model, camera, stripes, mount):
    labels = model.label(np.repeat(np.repeat(stripes, 2, axis=0), 2, axis=1))
    with pytest.raises(SizeMismatchError, match="scaled by 2"):
        model.paint(POINTS, labels, camera, mount)
    with pytest.raises(SizeMismatchError, match=r"scaled by 0.5"):
        model.label(stripes[::2, ::2], camera=camera)


def test_what_paint_lacks_is_named(model, camera, stripes, mount):
    labels = model.label(stripes)
    with pytest.raises(CalibrationError, match="expected a camera, got none"):
        model.paint(POINTS, labels, None, mount)
    with pytest.raises(CalibrationError, match=r"Camera\.from_message"):
        model.paint(POINTS, labels, object(), mount)
    with pytest.raises(TransformError, match="expected T_camera_lidar"):
        model.paint(POINTS, labels, camera)
    with pytest.raises(ConfigError, match=r"expected labels of model\.label, or a list of View"):
        model.paint(POINTS, stripes, camera, mount)
    with pytest.raises(ConfigError, match="at least one view"):
        model.paint(POINTS, [])
    with pytest.raises(ConfigError, match="in each View"):
        model.paint(POINTS, [View(labels, camera, mount)], camera)
    with pytest.raises(CloudError, match="at rest times"):
        model.paint(POINTS, labels, camera, mount, point_times_s=np.zeros(4))
    with pytest.raises(CloudError, match="expected stamps of cloud and images"):
        model.paint(POINTS, labels, camera, mount, poses=lambda _: np.eye(4))
    with pytest.raises(ConfigError, match="six numbers"):
        model.paint(POINTS, labels, camera, mount, self_box_m=[1, 2, 3])


def test_a_lidar_that_is_far_away_is_doubted(model, camera, stripes, mount):
    mount[:3, 3] = 120, -80, 300
    with pytest.warns(SegPerceptionWarning, match="333 m from the camera; pass metres"):
        model.paint(POINTS, model.label(stripes), camera, mount)
