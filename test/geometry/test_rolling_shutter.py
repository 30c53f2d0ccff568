"""With a rolling shutter every point is seen from where the camera is when its line is exposed."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seg_perception.core.types import Calibration
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.rolling_shutter import RollingShutter

WIDTH, HEIGHT = 960, 540
K = np.array([[800.0, 0, 479.5], [0, 800, 269.5], [0, 0, 1]])
CAMERA = CameraModel.from_calibration(
    Calibration(WIDTH, HEIGHT, K, "plumb_bob", np.array([-0.1, 0.02, 0, 0, 0]))
)
READOUT_S = 0.03
EDGES = ["top", "bottom", "left", "right"]


def pose(turn_rad_s: np.ndarray, speed_mps: np.ndarray, at_s: float) -> np.ndarray:
    T = np.eye(4)
    T[:3, :3] = cv2.Rodrigues(turn_rad_s * at_s)[0]
    T[:3, 3] = speed_mps * at_s
    return np.linalg.inv(T)


def shutter(turn: np.ndarray, speed: np.ndarray, first: str = "top") -> RollingShutter:
    return RollingShutter(pose(turn, speed, 0), pose(turn, speed, READOUT_S), first)


def share_at(uv: np.ndarray, first: str) -> float:
    u, v = (uv[0] + 0.5) / WIDTH, (uv[1] + 0.5) / HEIGHT
    return {"top": v, "bottom": 1 - v, "left": u, "right": 1 - u}[first]


def exactly(xyz: np.ndarray, turn: np.ndarray, speed: np.ndarray, first: str) -> np.ndarray:
    """Where a point appears, by search for the time at which its own line is exposed."""

    def seen(share: float) -> np.ndarray:
        T = pose(turn, speed, share * READOUT_S)
        point = T[:3, :3] @ xyz + T[:3, 3]
        slopes = point[:2] / point[2]
        return np.array(CAMERA.distortion.distort(*slopes)) * 800 + K[:2, 2]

    early, late = -0.5, 1.5
    for _ in range(50):
        middle = (early + late) / 2
        if share_at(seen(middle), first) > middle:
            early = middle
        else:
            late = middle
    return seen(early)


@settings(max_examples=60)
@given(
    turn=st.tuples(*[st.floats(-0.5, 0.5)] * 3),
    speed=st.tuples(*[st.floats(-1, 1)] * 3),
    ray=st.tuples(st.floats(-0.5, 0.5), st.floats(-0.28, 0.28)),
    depth=st.floats(2, 50),
    first=st.sampled_from(EDGES),
)
def test_each_point_is_where_its_own_line_is_exposed(turn, speed, ray, depth, first) -> None:
    turn, speed = np.array(turn), np.array(speed)
    xyz = np.array([[*ray, 1.0]]) * depth
    hits = shutter(turn, speed, first).hits(CAMERA, xyz)
    assert hits.index.tolist() == [0]
    expected = exactly(xyz[0], turn, speed, first)
    assert np.hypot(hits.u[0] - expected[0], hits.v[0] - expected[1]) < 0.1


def test_a_turning_camera_leans_what_stands_upright() -> None:
    # To the right at 1 rad/s: a pole moves left by 800 px x 0.03 while the image is read out.
    pole = np.array([[0, y, 10.0] for y in np.linspace(-3.2, 3.2, 9)])
    turn = np.array([0, 1.0, 0])
    hits = shutter(turn, np.zeros(3)).hits(CAMERA, pole)
    lean = np.polyfit(hits.v, hits.u, 1)[0] * HEIGHT
    assert lean == pytest.approx(-800 * READOUT_S, rel=0.03)


def test_a_camera_at_rest_sees_what_a_global_shutter_sees() -> None:
    random = np.random.default_rng(0)
    xyz = random.uniform(-20, 20, (5000, 3)).astype(np.float32)
    rolling = shutter(np.zeros(3), np.zeros(3)).hits(CAMERA, xyz)
    at_once = CAMERA.hits(xyz, np.eye(4))
    assert rolling.index.tolist() == at_once.index.tolist()
    for name in ("u", "v", "depth"):
        assert (getattr(rolling, name) == getattr(at_once, name)).all()


def test_points_enter_and_leave_at_the_edge_by_their_own_line() -> None:
    # While the camera turns to the right, the last lines see 24 px more on the right.
    y = np.array([-3.3, 3.3])
    xyz = np.stack([np.full(2, 6.6), y, np.full(2, 10.0)], 1)
    hits = shutter(np.array([0, 1.0, 0]), np.zeros(3)).hits(CAMERA, xyz)
    assert CAMERA.hits(xyz, np.eye(4)).index.tolist() == []
    assert hits.index.tolist() == [1]


@pytest.mark.parametrize("count", [0, 1, 7])
def test_what_is_behind_or_broken_is_not_seen(count) -> None:
    xyz = np.full((count, 3), np.nan)
    xyz[::2] = [0, 0, -5]
    assert len(shutter(np.ones(3), np.ones(3)).hits(CAMERA, xyz).index) == 0
