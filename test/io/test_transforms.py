import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.core.errors import TransformError
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io import messages as m
from seg_perception.io.transforms import decode_odometry, decode_tf, encode_tf


def message(parent="map", child="base_link", quaternion=(0.0, 0.0, 0.0, 1.0), x=1.0):
    transform = m.Transform(m.Vector3(x, 2.0, 3.0), m.Quaternion(*quaternion))
    return m.TFMessage([m.TransformStamped(m.Header.at(7, parent), child, transform)])


def test_maps_points_of_the_child_into_the_parent():
    half = math.sqrt(0.5)
    (transform,) = decode_tf(message(quaternion=(0.0, 0.0, half, half)))
    assert (transform.parent, transform.child, transform.stamp_ns) == ("map", "base_link", 7)
    # A quarter turn to the left takes x to y; then (1, 2, 3) is added.
    np.testing.assert_allclose(transform.T_parent_child @ [1, 0, 0, 1], [1, 3, 3, 1], atol=1e-12)


def test_drops_leading_slashes():
    (transform,) = decode_tf(message("/map", "/base_link"))
    assert (transform.parent, transform.child) == ("map", "base_link")


@pytest.mark.parametrize(
    "broken",
    [
        {"quaternion": (0.0, 0.0, 0.0, 0.0)},
        {"quaternion": (math.nan, 0.0, 0.0, 1.0)},
        {"x": math.inf},
        {"child": ""},
        {"parent": "/"},
        {"child": "map"},
    ],
)
def test_refuses_what_is_no_transform(broken):
    with pytest.raises(TransformError):
        decode_tf(message(**broken))


UNIT = st.floats(-1, 1)


@given(st.tuples(UNIT, UNIT, UNIT, UNIT).filter(lambda q: np.linalg.norm(q) > 0.1))
def test_rotations_come_back(quaternion):
    before = decode_tf(message(quaternion=quaternion))
    (after,) = decode_tf(encode_tf(before))
    np.testing.assert_allclose(after.T_parent_child, before[0].T_parent_child, atol=1e-9)
    assert isinstance(after, StampedTransform)


def test_the_pose_of_odometry_maps_the_child_into_the_header_s_frame():
    half = math.sqrt(0.5)
    pose = m.Pose(m.Point(1.0, 2.0, 3.0), m.Quaternion(0.0, 0.0, half, half))
    odometry = m.Odometry(m.Header.at(7, "odom"), "base_link", m.PoseWithCovariance(pose))
    found = decode_odometry(odometry)
    assert (found.parent, found.child, found.stamp_ns) == ("odom", "base_link", 7)
    np.testing.assert_allclose(found.T_parent_child @ [1, 0, 0, 1], [1, 3, 3, 1], atol=1e-12)


def test_odometry_without_a_child_is_refused():
    with pytest.raises(TransformError, match="two different frame names"):
        decode_odometry(m.Odometry(m.Header.at(7, "odom"), ""))
