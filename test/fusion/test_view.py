"""A label map is prepared once, and fits its camera."""

import numpy as np
import pytest

from seg_perception.core.errors import CalibrationError, TransformError
from seg_perception.core.types import Calibration, LabelMap
from seg_perception.fusion.view import PreparedLabelMap, View
from seg_perception.geometry.camera import CameraModel

from .conftest import K


def label_map(labels: np.ndarray) -> LabelMap:
    return LabelMap("front", labels, np.full(labels.shape, 255, np.uint8), 0, "front")


def test_distance_is_counted_from_the_edge_between_two_labels() -> None:
    labels = np.zeros((9, 12), np.uint8)
    labels[:, 5:] = 1
    distance = PreparedLabelMap(label_map(labels)).boundary_distance
    # Quarters of a pixel: centres lie 0.5, 1.5, ... px from the edge at 4.5.
    assert distance[4].tolist() == [18, 14, 10, 6, 2, 2, 6, 10, 14, 18, 22, 26]


def test_the_boundary_is_measured_when_asked_for_and_once() -> None:
    prepared = PreparedLabelMap(label_map(np.zeros((4, 4), np.uint8)))
    assert "boundary_distance" not in vars(prepared)
    assert prepared.boundary_distance is prepared.boundary_distance


def test_a_map_of_one_label_has_no_boundary() -> None:
    prepared = PreparedLabelMap(label_map(np.zeros((4, 4), np.uint8)))
    assert (prepared.boundary_distance == 255).all()


def test_labels_above_255_have_boundaries_too() -> None:
    labels = np.full((4, 4), 1, np.uint16)
    labels[:, 2:] = 257
    assert PreparedLabelMap(label_map(labels)).boundary_distance[0].tolist() == [6, 2, 2, 6]


def test_a_camera_of_another_size_is_refused() -> None:
    prepared = PreparedLabelMap(label_map(np.zeros((50, 100), np.uint8)))
    camera = CameraModel.from_calibration(Calibration(200, 100, K))
    with pytest.raises(CalibrationError, match="100x50 label map, got 200x100; scale camera_info"):
        View(prepared, camera, np.eye(4))


@pytest.mark.parametrize("T", [np.eye(3), np.diag([1, 1, np.nan, 1])])
def test_what_is_no_transform_is_refused(T: np.ndarray) -> None:
    prepared = PreparedLabelMap(label_map(np.zeros((100, 200), np.uint8)))
    camera = CameraModel.from_calibration(Calibration(200, 100, K))
    with pytest.raises(TransformError, match="T_camera_cloud: expected a finite"):
        View(prepared, camera, T)
