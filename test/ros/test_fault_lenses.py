"""Lenses that drivers send wrongly or twice, on the wire: where points are placed all the same."""

from dataclasses import replace

import numpy as np
import pytest

from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io.transforms import encode_tf

pytestmark = pytest.mark.ros

CALIBRATION = """
{image_width: 16, image_height: 8, distortion_model: plumb_bob,
 camera_matrix: {data: [8, 0, 7.5, 0, 8, 3.5, 0, 0, 1]},
 distortion_coefficients: {data: [0, 0, 0, 0, 0]}}
"""


@pytest.fixture
def driver(robot, monkeypatch):
    """Let the camera's driver send every camera_info changed so."""

    def send(**changes):
        info = robot.camera_info
        monkeypatch.setattr(robot, "camera_info", lambda *a: replace(info(*a), **changes))

    return send


def test_a_calibration_file_labels_where_the_driver_is_wrong(start_node, driver, tmp_path):
    file = tmp_path / "front.yaml"
    file.write_text(CALIBRATION)
    driver(k=np.array([8, 0, 0, 0, 8, 0, 7.5, 3.5, 1]))  # transposed
    running = start_node(camera__front__calibration_file=str(file))
    for number in range(2):
        running.step(number)
        assert running.last_labels() == [0, 1, 2, 255]
    assert not running.says("camera.front")
    running.account()
    assert f"camera.front: its lens is that of {file}, whatever its driver sends" in running.log


@pytest.mark.parametrize(
    ("frames", "labels", "says"),
    [
        # The left camera is a metre to the left. A point 2 m to the right lies at column 11.5
        # (blue) of the right camera's image, and at 9.5 (green) where the metre counts twice.
        (("front_optical", "left"), [0, 1, 2, 255], "tf has frame 'left': the baseline is in tf"),
        (("front_optical",), [0, 1, 1, 255], "is applied: its frame 'front_optical' is taken for"),
    ],
)
def test_a_baseline_in_tf_and_in_p_is_applied_once(
    start_node, robot, driver, monkeypatch, frames, labels, says
):
    optical = robot.mounting().transforms[0]
    left = replace(optical, child_frame_id="left", transform=replace(optical.transform))
    left.transform.translation = replace(optical.transform.translation, y=1.0)
    mounted = [t for t in (optical, left) if t.child_frame_id in frames]
    mounted += encode_tf([StampedTransform("base", "top", 0, np.eye(4))]).transforms
    monkeypatch.setattr(robot, "mounting", lambda: type(encode_tf([]))(mounted))
    driver(p=np.array([8, 0, 7.5, -8, 0, 8, 3.5, 0, 0, 0, 1, 0.0]))
    running = start_node(camera__front__rectified=True)
    for number in range(2):
        running.step(number)
        assert running.last_labels() == labels
    running.account()
    assert "camera.front: P has the first camera of its pair 1.000 m away" in running.log
    assert says in running.log
