"""The robot itself gets no labels, in pictures and in scans."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.errors import ConfigError
from seg_perception.core.types import LabelMap, PointStatus
from seg_perception.fusion.self_filter import SelfFilter
from seg_perception.fusion.transfer import Transfer

UNKNOWN = 255
SENSORS = {
    "cameras": ["front"],
    "camera.front.image_topic": "/front/image",
    "lidars": ["top"],
    "lidar.top.topic": "/top/points",
}


def body(**changed):
    return SelfFilter(Config.from_parameters({**SENSORS, **changed}), UNKNOWN)


def label_map(height=4, width=6):
    labels = np.arange(height * width, dtype=np.uint8).reshape(height, width)
    return LabelMap("front", labels, np.full_like(labels, 200), 0, "front", None)


def transfer(count):
    return Transfer(
        labels=np.arange(count, dtype=np.uint8),
        confidence=np.full(count, 0.5, np.float32),
        status=np.zeros(count, np.uint8),
        sources=np.zeros(count, np.uint8),
    )


def test_the_mask_is_stretched_to_the_labels_and_its_white_is_unknown(tmp_path):
    mask = np.zeros((8, 12), np.uint8)
    mask[6:] = 255
    path = tmp_path / "hood.png"
    cv2.imwrite(str(path), mask)
    given = label_map()
    hidden = body(**{"camera.front.ego_mask": str(path)}).hide_in_image(given)
    assert (hidden.labels[3] == UNKNOWN).all()
    assert (hidden.confidence[3] == 0).all()
    assert (hidden.labels[:3] == given.labels[:3]).all()
    assert (given.labels[3] != UNKNOWN).all()


def test_without_mask_and_box_everything_stays_the_same_object():
    given, moved = label_map(), transfer(1)
    assert body().hide_in_image(given) is given
    assert body().hide_in_scan("top", np.zeros((1, 3), np.float32), moved) is moved


def test_points_in_the_box_are_the_robot_s_own():
    xyz = np.array([[0, 0, 0], [1, 1, 1], [1.1, 0, 0], [np.nan, 0, 0]], np.float32)
    box = {"lidar.top.self_box_m": [-1.0, -1.0, -1.0, 1.0, 1.0, 1.0]}
    found = body(**box).hide_in_scan("top", xyz, transfer(4))
    assert found.status.tolist() == [PointStatus.SELF, PointStatus.SELF, 0, 0]
    assert found.labels.tolist() == [UNKNOWN, UNKNOWN, 2, 3]
    assert found.confidence.tolist() == [0, 0, 0.5, 0.5]
    assert found.sources.tolist() == [255, 255, 0, 0]
    assert found.labels.dtype == np.uint8


def test_wrong_masks_and_boxes_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"camera\.front\.ego_mask: expected a picture"):
        body(**{"camera.front.ego_mask": str(tmp_path / "none.png")})
    with pytest.raises(ConfigError, match=r"self_box_m of top: .* lowest corner"):
        body(**{"lidar.top.self_box_m": [1.0, 0.0, 0.0, -1.0, 1.0, 1.0]})
