from types import SimpleNamespace

import numpy as np
import pytest

from seg_perception.core.errors import CalibrationError
from seg_perception.core.types import Calibration, RegionOfInterest
from seg_perception.io.camera_info import decode_camera_info, encode_camera_info

K = np.array([[500.0, 0.0, 320.0], [0.0, 510.0, 240.0], [0.0, 0.0, 1.0]])


def calibration(**changes):
    values = {
        "width": 640,
        "height": 480,
        "k": K,
        "distortion_model": "plumb_bob",
        "d": np.array([0.1, -0.2, 0.001, 0.002, 0.03]),
        "p": np.hstack([K, [[-60.0], [0.0], [0.0]]]),
        "binning_x": 2,
        "binning_y": 4,
        "roi": RegionOfInterest(10, 20, 300, 200),
    }
    return Calibration(**{**values, **changes})


def test_everything_comes_back():
    cal = calibration()
    msg = encode_camera_info(cal, 2_000_000_003, "cam_optical")
    assert (msg.header.stamp.sec, msg.header.stamp.nanosec) == (2, 3)
    assert msg.header.frame_id == "cam_optical"
    back = decode_camera_info(msg)
    for name in ("k", "d", "r", "p"):
        np.testing.assert_array_equal(getattr(back, name), getattr(cal, name))
    for name in ("width", "height", "distortion_model", "binning_x", "binning_y", "roi"):
        assert getattr(back, name) == getattr(cal, name)


def test_reads_the_capitals_of_ros_1():
    msg = encode_camera_info(calibration(), 0, "cam")
    ros1 = SimpleNamespace(
        **{name.upper() if len(name) == 1 else name: value for name, value in vars(msg).items()}
    )
    np.testing.assert_array_equal(decode_camera_info(ros1).k, K)


def test_a_rotation_of_zeros_means_none():
    msg = encode_camera_info(calibration(), 0, "cam")
    msg.r = np.zeros(9)
    np.testing.assert_array_equal(decode_camera_info(msg).r, np.eye(3))


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("k", np.zeros(9), "focal lengths above 0"),
        ("k", np.full(9, np.nan), "finite"),
        ("k", np.zeros(4), "9 numbers in K"),
        ("p", np.zeros(9), "12 numbers in P"),
        ("d", np.array([np.inf]), "finite"),
        ("width", 0, "size"),
    ],
)
def test_no_lens_is_made_of_nothing(name, value, text):
    msg = encode_camera_info(calibration(), 0, "cam")
    setattr(msg, name, value)
    with pytest.raises(CalibrationError, match=text):
        decode_camera_info(msg)
