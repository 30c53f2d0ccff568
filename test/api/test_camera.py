"""A camera from numbers, a message, a file; what can't be is refused, what is odd is said."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from seg_perception import Camera, SegPerceptionWarning
from seg_perception.core.errors import CalibrationError, ConfigError
from seg_perception.core.types import Calibration
from seg_perception.io.camera_info import encode_camera_info

K = [[600.0, 0, 320], [0, 600, 240], [0, 0, 1]]
SIZE = (640, 480)
FIVE = [-0.1, 0.02, 0.001, 0.001, 0.0]


def calibration(**changed):
    k = np.array(K)
    values = {"distortion_model": "plumb_bob", "d": np.array(FIVE)}
    p = np.hstack([k * [[0.9], [0.9], [1]], np.zeros((3, 1))])
    return Calibration(*SIZE, k, p=p, **{**values, **changed})


def test_numbers_messages_and_files_make_one_camera(tmp_path):
    numbers = Camera(K, SIZE, FIVE)
    nine = Camera(np.array(K).reshape(-1), SIZE, FIVE, "plumb_bob")
    message = Camera.from_message(encode_camera_info(calibration(), 0, "camera"))
    old = {"D": FIVE, "K": np.ravel(K), "R": np.eye(3).ravel(), "P": calibration().p.ravel()}
    roi = SimpleNamespace(x_offset=0, y_offset=0, width=0, height=0)
    rest = {"binning_x": 0, "binning_y": 0, "roi": roi, "distortion_model": "plumb_bob"}
    ros1 = Camera.from_message(SimpleNamespace(width=640, height=480, **old, **rest))
    file = tmp_path / "camera.yaml"
    file.write_text(
        "image_width: 640\nimage_height: 480\ncamera_name: front\n"
        f"camera_matrix: {{rows: 3, cols: 3, data: {np.ravel(K).tolist()}}}\n"
        f"distortion_model: plumb_bob\n"
        f"distortion_coefficients: {{rows: 1, cols: 5, data: {FIVE}}}\n"
    )
    for camera in (numbers, nine, message, ros1, Camera.from_file(file)):
        assert camera.size == SIZE
        assert np.array_equal(camera.calibration.k, K)
        assert camera.calibration.d.tolist() == FIVE
        assert repr(camera) == "<Camera 640x480, fx 600.0, plumb_bob>"


def test_rectified_images_have_the_lens_of_p():
    camera = Camera.from_calibration(calibration(), rectified=True)
    assert repr(camera) == "<Camera 640x480, fx 540.0, no distortion>"


@pytest.mark.parametrize(
    ("count", "model"), [(5, "plumb_bob"), (8, "rational_polynomial"), (12, "rational_polynomial")]
)
def test_the_number_of_coefficients_names_the_model(count, model):
    d = [*FIVE[:4], *[1e-4] * (count - 4)]
    assert Camera(K, SIZE, d).calibration.distortion_model == model


def test_four_coefficients_may_be_of_two_models():
    with pytest.raises(CalibrationError, match="plumb_bob and equidistant"):
        Camera(K, SIZE, FIVE[:4])
    assert Camera(K, SIZE, FIVE[:4], "equidistant").calibration.distortion_model == "equidistant"


def test_what_can_t_be_is_refused():
    with pytest.raises(CalibrationError, match=re.escape("(2, 2); pass [[fx, 0, cx]")):
        Camera(np.eye(2), SIZE)
    with pytest.raises(CalibrationError, match="focal"):
        Camera(np.zeros((3, 3)), SIZE)
    with pytest.raises(CalibrationError, match="coefficients"):
        Camera(K, SIZE, FIVE, "fov")
    with pytest.raises(ConfigError, match="readout"):
        Camera(K, SIZE, readout_s=-1.0)
    with pytest.raises(ConfigError, match="shutter"):
        Camera(K, SIZE, shutter="rolling")
    with pytest.raises(ConfigError, match="can't be given here"):
        Camera(K, SIZE, image_topic="/image")
    with pytest.raises(ConfigError, match="'optical', 'body' or None"):
        Camera(K, SIZE, frame_convention="ros")


def test_what_is_odd_is_said():
    with pytest.warns(SegPerceptionWarning, match="centre|principal"):
        Camera([[600.0, 0, 10], [0, 600, 10], [0, 0, 1]], SIZE)


def test_a_fisheye_that_sees_behind_its_plane_is_said_and_carried():
    with pytest.warns(SegPerceptionWarning, match="fisheye_angle_deg"):
        Camera([[200.0, 0, 320], [0, 200, 240], [0, 0, 1]], SIZE, [0.01, 0, 0, 0], "equidistant")
    wide = Camera(
        *([[200.0, 0, 320], [0, 200, 240], [0, 0, 1]], SIZE, [0.01, 0, 0, 0], "equidistant"),
        fisheye_angle_deg=100.0,
    )
    assert wide.calibration.fisheye_angle_deg == 100


def test_an_adjusted_camera_keeps_what_was_said():
    camera = Camera(K, SIZE, FIVE, frame_convention="body", readout_s=0.02)
    shifted = camera.adjusted(principal_point_offset_px=[0.0, -5.0])
    assert shifted.convention == "body"
    assert shifted.config.readout_s == 0.02
    assert shifted.calibration.k[1, 2] == 235
    again = shifted.adjusted(frame_convention="optical")
    assert again.calibration.k[1, 2] == 235
    assert again.convention == "optical"
    assert camera.calibration.k[1, 2] == 240
