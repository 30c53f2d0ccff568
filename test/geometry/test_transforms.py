"""The tree answers as tf2 does, and refuses where tf2 refuses."""

import math
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.core.errors import TransformError
from seg_perception.geometry.quaternion import matrix_to_quaternion, quaternion_to_matrix, slerp
from seg_perception.geometry.transforms import TransformTree

MS = 1_000_000
LAST_MS = 2000
angles = st.floats(-math.pi, math.pi)
metres = st.floats(-100, 100)


def yaw(angle: float, x: float = 0.0, y: float = 0.0) -> np.ndarray:
    T = np.eye(4)
    T[:2, :2] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    T[:2, 3] = x, y
    return T


def robot() -> TransformTree:
    """base turns by 90 degrees and drives 2 m in 100 ms; a lidar and a camera are fixed to it."""
    tree = TransformTree(max_gap_s=0.2)
    tree.set_timed("odom", "base", 0, yaw(0))
    tree.set_timed("odom", "base", 100 * MS, yaw(math.pi / 2, x=2))
    tree.set_static("base", "lidar", yaw(0, x=1))
    tree.set_static("base", "camera", yaw(math.pi))
    return tree


def test_static_frames_are_joined_over_their_parent() -> None:
    T = robot().lookup("camera", "lidar", 50 * MS)
    assert pytest.approx([-1, 0, 0, 1], abs=1e-12) == T @ [0, 0, 0, 1]


def test_rotation_and_translation_are_interpolated() -> None:
    T = robot().lookup("odom", "base", 25 * MS)
    assert pytest.approx(yaw(math.pi / 8, x=0.5)) == T


def test_two_times_are_joined_in_the_fixed_frame() -> None:
    tree = robot()
    # The lidar's origin at 100 ms is odom (2, 1); at 0 ms base is odom's origin.
    T = tree.lookup_between("base", 0, "lidar", 100 * MS, "odom")
    assert pytest.approx([2, 1, 0, 1]) == T @ [0, 0, 0, 1]
    # One metre ahead of the lidar is, after the turn, one metre to the left.
    assert pytest.approx([2, 2, 0, 1]) == T @ [1, 0, 0, 1]


def test_equal_times_agree_with_a_single_lookup() -> None:
    tree = robot()
    between = tree.lookup_between("camera", 30 * MS, "lidar", 30 * MS, "odom")
    assert between == pytest.approx(tree.lookup("camera", "lidar", 30 * MS))


@pytest.mark.parametrize("stamp_ms", [-1, 101])
def test_nothing_is_extrapolated_unless_allowed(stamp_ms: int) -> None:
    tree = robot()
    with pytest.raises(TransformError, match="asked for 1 ms"):
        tree.lookup("odom", "base", stamp_ms * MS)
    patient = TransformTree(max_extrapolation_s=0.001)
    patient.set_timed("odom", "base", 0, yaw(0, x=3))
    assert patient.lookup("odom", "base", MS)[0, 3] == 3
    with pytest.raises(TransformError):
        patient.lookup("odom", "base", MS + 1)


def test_a_gap_is_not_bridged() -> None:
    tree = TransformTree(max_gap_s=0.2)
    for stamp_ms in (0, 500):
        tree.set_timed("odom", "base", stamp_ms * MS, yaw(0))
    with pytest.raises(
        TransformError, match="gap of 500 ms at the asked time, expected at most 200 ms"
    ):
        tree.lookup("odom", "base", 250 * MS)
    assert tree.lookup("odom", "base", 500 * MS) == pytest.approx(np.eye(4))


def test_samples_may_come_late_and_twice() -> None:
    tree = TransformTree()
    for stamp_ms, x in ((20, 2.0), (0, 0.0), (10, 5.0), (10, 1.0)):
        tree.set_timed("odom", "base", stamp_ms * MS, yaw(0, x=x))
    assert tree.lookup("odom", "base", 10 * MS)[0, 3] == 1
    assert tree.lookup("odom", "base", 15 * MS)[0, 3] == 1.5


def test_the_buffer_is_bounded() -> None:
    tree = TransformTree(buffer_s=0.1)
    for stamp_ms in range(0, 1000, 10):
        tree.set_timed("odom", "base", stamp_ms * MS, yaw(0))
    tree.lookup("odom", "base", 890 * MS)
    with pytest.raises(TransformError, match="before the oldest"):
        tree.lookup("odom", "base", 880 * MS)


def test_a_frame_with_a_new_parent_forgets_the_old_one() -> None:
    tree = robot()
    tree.set_timed("map", "base", 0, yaw(0, y=7))
    assert tree.lookup("map", "lidar", 0)[1, 3] == 7
    with pytest.raises(TransformError, match="'odom' is not known"):
        tree.lookup("odom", "lidar", 0)


def test_unknown_unconnected_and_looping_frames_are_named() -> None:
    tree = robot()
    tree.set_static("island", "palm", np.eye(4))
    with pytest.raises(
        TransformError, match=r"frame 'moon' is not known, expected one of \['base'"
    ):
        tree.lookup("moon", "base", 0)
    with pytest.raises(TransformError, match=r"not connected .roots 'island' and 'odom'"):
        tree.lookup("palm", "base", 0)
    tree.set_static("a", "b", np.eye(4))
    tree.set_static("b", "a", np.eye(4))
    with pytest.raises(TransformError, match="form a loop"):
        tree.lookup("a", "base", 0)


def test_a_clock_jump_leaves_static_transforms() -> None:
    tree = robot()
    tree.clear_timed()
    assert tree.frames() == {"base", "lidar", "camera"}
    tree.lookup("camera", "lidar", 10**18)


@pytest.mark.parametrize("T", [np.eye(3), np.full((4, 4), np.nan)])
def test_what_is_no_transform_is_refused(T: np.ndarray) -> None:
    with pytest.raises(TransformError, match="expected a finite"):
        TransformTree().set_static("a", "b", T)


@pytest.mark.parametrize("T", [2 * np.eye(4), np.diag([1.0, 1, 2, 1]), np.ones((4, 4))])
def test_what_stretches_is_no_motion(T: np.ndarray) -> None:
    with pytest.raises(TransformError, match="expected a rotation and a translation"):
        TransformTree().set_timed("a", "b", 0, T)


def test_threads_may_read_while_others_write() -> None:
    tree = TransformTree()
    tree.set_static("base", "lidar", yaw(0, x=1))
    tree.set_timed("odom", "base", 0, yaw(0))
    newest = 0

    def publish() -> None:
        nonlocal newest
        for stamp_ms in range(1, LAST_MS + 1):
            tree.set_timed("odom", "base", stamp_ms * MS, yaw(0, x=stamp_ms))
            newest = stamp_ms

    thread = threading.Thread(target=publish)
    thread.start()
    # Once more after the last, so that something is read however the threads take turns.
    stamp_ms = 0
    while stamp_ms < LAST_MS:
        stamp_ms = newest
        assert tree.lookup("odom", "lidar", stamp_ms * MS)[0, 3] == stamp_ms + 1
    thread.join()


@given(a=angles, b=angles, x=metres, y=metres, stamp=st.integers(0, 100))
def test_lookup_inverts_and_chains(a: float, b: float, x: float, y: float, stamp: int) -> None:
    tree = TransformTree()
    tree.set_timed("odom", "base", 0, yaw(a, x))
    tree.set_timed("odom", "base", 100 * MS, yaw(b, y=y))
    tree.set_static("base", "lidar", yaw(b, x, y))
    there, back = tree.lookup("odom", "lidar", stamp * MS), tree.lookup("lidar", "odom", stamp * MS)
    assert there @ back == pytest.approx(np.eye(4), abs=1e-9)
    chained = tree.lookup("odom", "base", stamp * MS) @ tree.lookup("base", "lidar", stamp * MS)
    assert there == pytest.approx(chained, abs=1e-9)


@given(q=st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: sum(v * v for v in q) > 0.01))
def test_a_quaternion_survives_its_matrix(q: tuple[float, float, float, float]) -> None:
    R = quaternion_to_matrix(*q)
    assert pytest.approx(np.eye(3), abs=1e-12) == R @ R.T
    assert np.linalg.det(R) == pytest.approx(1)
    assert quaternion_to_matrix(*matrix_to_quaternion(R)) == pytest.approx(R, abs=1e-9)


@given(a=angles, share=st.floats(0, 1))
def test_slerp_turns_evenly(a: float, share: float) -> None:
    a *= 0.99
    half = (0.0, 0.0, math.sin(a / 2), math.cos(a / 2))
    R = quaternion_to_matrix(*slerp((0, 0, 0, 1), half, share))
    assert math.atan2(R[1, 0], R[0, 0]) == pytest.approx(a * share, abs=1e-4)
    negative = tuple(-v for v in half)
    assert quaternion_to_matrix(*slerp((0, 0, 0, 1), negative, share)) == pytest.approx(R, abs=1e-9)


@pytest.mark.parametrize("q", [(0, 0, 0, 0), (math.nan, 0, 0, 1)])
def test_a_quaternion_without_direction_is_refused(q: tuple[float, float, float, float]) -> None:
    with pytest.raises(TransformError, match="expected a finite one of length 1"):
        quaternion_to_matrix(*q)


def test_odometry_moves_a_frame_that_no_transform_moves() -> None:
    tree = TransformTree()
    tree.set_static("base", "lidar", yaw(0, x=1))
    for stamp, x in ((0, 0.0), (100, 2.0)):
        tree.set_odometry("odom", "base", stamp * MS, yaw(0, x=x))
    assert tree.lookup("odom", "lidar", 50 * MS)[0, 3] == pytest.approx(2)
    assert tree.frames() == {"odom", "base", "lidar"}
    tree.clear_timed()
    assert tree.frames() == {"base", "lidar"}


def test_a_transform_counts_more_than_odometry_of_the_same_frame() -> None:
    tree = robot()
    tree.set_odometry("odom", "base", 50 * MS, yaw(0, x=99))
    tree.set_odometry("elsewhere", "base", 25 * MS, yaw(0, x=99))
    assert pytest.approx(yaw(math.pi / 4, x=1)) == tree.lookup("odom", "base", 50 * MS)


def test_odometry_that_is_no_motion_is_refused() -> None:
    with pytest.raises(TransformError, match="two different frames"):
        TransformTree().set_odometry("odom", "odom", 0, np.eye(4))


def curvy_robot() -> TransformTree:
    """Two timed edges whose stamps differ, large and small turns between samples, a static one."""
    random = np.random.default_rng(0)
    tree = TransformTree(max_extrapolation_s=0.02, max_gap_s=0.2)
    for ms in range(0, 1000, 20):
        turn = random.uniform(-2, 2) if ms < 500 else ms * 1e-4
        tree.set_timed("map", "odom", ms * MS, yaw(turn, x=random.normal()))
    for ms in range(0, 1000, 50):
        T = np.eye(4)
        T[:3, :3] = quaternion_to_matrix(*random.normal(size=4))
        tree.set_timed("odom", "base", ms * MS, T)
    tree.set_static("base", "lidar", yaw(0.3, x=1))
    return tree


@pytest.mark.parametrize(
    ("target", "source"), [("map", "lidar"), ("lidar", "map"), ("odom", "map")]
)
def test_many_times_at_once_are_what_each_is_by_itself(target: str, source: str) -> None:
    tree = curvy_robot()
    stamps = np.array([0, 7, 20, 333, 450, 940, 950, 965], np.int64) * MS
    each = [tree.lookup(target, source, int(stamp)) for stamp in stamps]
    assert np.abs(tree.lookup_all(target, source, stamps) - each).max() < 1e-12


def test_many_times_between_fixed_frames_are_one_transform() -> None:
    stamps = np.array([0, 5, 10**18], np.int64)
    T = robot().lookup("camera", "lidar", 0)
    assert np.abs(robot().lookup_all("camera", "lidar", stamps) - T).max() < 1e-12


@pytest.mark.parametrize("refused_ms", [-30, 500, 1300])
def test_one_time_that_is_not_known_among_many_is_refused_as_by_itself(refused_ms: int) -> None:
    tree = TransformTree(max_extrapolation_s=0.02, max_gap_s=0.2)
    for ms in (0, 100, 1000, 1100):
        tree.set_timed("odom", "base", ms * MS, yaw(ms * 1e-3))
    with pytest.raises(TransformError) as alone:
        tree.lookup("odom", "base", refused_ms * MS)
    with pytest.raises(TransformError) as among:
        tree.lookup_all("odom", "base", np.array([50, refused_ms, 1050], np.int64) * MS)
    assert str(among.value) == str(alone.value)
