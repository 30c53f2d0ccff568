"""Voxels in a picture: pixels worked out by hand."""

import numpy as np

from seg_perception.core.types import Calibration, LabelMap
from seg_perception.fusion.view import PreparedLabelMap, View
from seg_perception.geometry.camera import CameraModel
from seg_perception.open_vocabulary.geometry.painting import Places, paint

WIDTH, HEIGHT, FOCAL = 60, 40, 100.0
MIDDLE = (20, 30)


def view():
    """A camera at the origin that looks along z, its axis through column 30, row 20."""
    k = np.array([[FOCAL, 0, 30], [0, FOCAL, 20], [0, 0, 1]])
    calibration = Calibration(WIDTH, HEIGHT, k, p=np.hstack([k, np.zeros((3, 1))]))
    nothing = np.zeros((HEIGHT, WIDTH), np.uint8)
    label_map = LabelMap("front", nothing, nothing, 0, "camera", calibration)
    lens = CameraModel.from_calibration(calibration)
    return View(PreparedLabelMap(label_map), lens, np.eye(4))


def places(*voxels, voxel_m=0.2):
    """Of (x, y, z, label, proven) each."""
    return Places(
        np.float32([voxel[:3] for voxel in voxels]),
        np.uint8([voxel[3] for voxel in voxels]),
        np.array([voxel[4] for voxel in voxels], np.bool_),
        voxel_m,
    )


def test_a_voxel_is_a_square_of_half_its_size():
    # 0.05 m to each side, 2.5 m away, focal length 100: two pixels beside column 30, row 20.
    shown = paint(places((0, 0, 2.5, 1, True)), view())
    rows, columns = np.nonzero(shown == 0)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (18, 22, 28, 32)
    assert (shown >= 0).sum() == 25


def test_what_is_behind_another_class_is_not_painted():
    # Two times as far, one class behind another: nothing is seen of it.
    shown = paint(places((0, 0, 2, 1, False), (0, 0, 4, 2, True)), view())
    assert (shown == -1).all()
    # Beside the near one the far one shows: column 35, one to each side. The near one hides up to
    # column 35, and paints up to 32.
    shown = paint(places((0, 0, 2, 1, True), (0.2, 0, 4, 2, True)), view())
    assert shown[20, 28:38].tolist() == [0, 0, 0, 0, 0, -1, -1, -1, 1, -1]


def test_what_lies_in_front_by_less_than_its_size_hides_nothing():
    # 0.25 m apart, and 1.5 voxels are 0.3 m.
    shown = paint(places((0, 0, 3.75, 1, False), (0, 0, 4, 2, True)), view())
    assert shown[MIDDLE] == 1
    # 0.35 m apart.
    shown = paint(places((0, 0, 3.65, 1, False), (0, 0, 4, 2, True)), view())
    assert shown[MIDDLE] == -1


def test_the_same_class_hides_nothing():
    shown = paint(places((0, 0, 2, 2, False), (0, 0, 4, 2, True)), view())
    assert shown[MIDDLE] == 1


def test_of_two_proven_ones_the_nearer_is_shown():
    shown = paint(places((0, 0, 4, 2, True), (0, 0, 2, 1, True)), view())
    assert shown[MIDDLE] == 1


def test_nothing_behind_the_camera_is_shown():
    assert (paint(places((0, 0, -4, 2, True)), view()) == -1).all()
