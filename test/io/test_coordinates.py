"""Places that are called, measured or scaled otherwise than as x, y and z in metres."""

import math

import numpy as np
import pytest

from seg_perception.core.errors import CloudError
from seg_perception.core.types import PointCloud
from seg_perception.io.coordinates import scaled, size_remarks
from seg_perception.io.messages import PointCloud2, PointField
from seg_perception.io.pointcloud2 import decode_cloud, encode_cloud

KINDS = {"u1": 2, "i2": 3, "u2": 4, "u4": 6, "f4": 7, "f8": 8}


def cloud(*, order="<", **fields):
    """A cloud of one row; each field is its type and its values."""
    layout = np.dtype([(name, f"{order}{kind}") for name, (kind, _) in fields.items()])
    points = np.zeros((1, len(next(iter(fields.values()))[1])), layout)
    for name, (_, values) in fields.items():
        points[name] = values
    return PointCloud2(
        height=1,
        width=points.shape[1],
        fields=[PointField(n, layout.fields[n][1], KINDS[k], 1) for n, (k, _) in fields.items()],
        is_bigendian=order == ">",
        point_step=layout.itemsize,
        row_step=points.nbytes,
        data=points.tobytes(),
    )


@pytest.mark.parametrize("order", ["<", ">"])
def test_upper_case_names_get_lower_case_ones_at_the_same_bytes(order):
    message = cloud(order=order, X=("f4", [1]), Y=("f4", [2]), Z=("f4", [3]), V_r=("f4", [4]))
    found = decode_cloud(message)
    assert found.xyz.tolist() == [[1, 2, 3]]
    assert found.fields == ("X", "Y", "Z", "V_r", "x", "y", "z")
    assert found.remarks == ()
    again = encode_cloud(found)
    assert (bytes(again.data), again.point_step) == (message.data, 16)
    assert [field.offset for field in again.fields] == [0, 4, 8, 12, 0, 4, 8]


@pytest.mark.parametrize("order", ["<", ">"])
def test_range_azimuth_and_elevation_in_radians_give_places(order):
    # A quarter turn to the left is y; 30 degrees up, 4 m away, is 2 m high.
    message = cloud(
        order=order,
        range=("f4", [2, 4, 5]),
        azimuth=("f4", [math.pi / 2, 0, -math.pi]),
        elevation=("f4", [0, math.pi / 6, 0]),
        ring=("u1", [1, 2, 3]),
    )
    found = decode_cloud(message)
    expected = [[0, 2, 0], [math.sqrt(12), 0, 2], [-5, 0, 0]]
    np.testing.assert_allclose(found.xyz, expected, atol=1e-6)
    assert found.points["range"].tolist() == [[2, 4, 5]]
    assert found.points["ring"].tolist() == [[1, 2, 3]]
    (remark,) = found.remarks
    assert remark.kind.sentence(**remark.numbers).startswith(
        "x, y and z are worked out from range, azimuth, elevation: angles in radians"
    )
    # What its receiver decodes is the same.
    np.testing.assert_array_equal(decode_cloud(encode_cloud(found)).xyz, found.xyz)


def test_angles_that_can_be_no_radians_are_degrees():
    message = cloud(distance=("f8", [2.0, 4.0]), azimuth=("f8", [90, 0]), elevation=("f8", [0, 30]))
    found = decode_cloud(message)
    np.testing.assert_allclose(found.xyz, [[0, 2, 0], [math.sqrt(12), 0, 2]], atol=1e-6)
    assert found.remarks[0].numbers["unit"] == "degrees"


def test_a_beam_without_return_is_no_point():
    message = cloud(
        range=("f4", [math.nan, math.inf, 0]), azimuth=("f4", [1, 1, 1]), elevation=("f4", [0] * 3)
    )
    xyz = decode_cloud(message).xyz
    assert not np.isfinite(xyz[:2]).all(axis=1).any()
    assert xyz[2].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "fields",
    [
        {"range": ("f4", [1]), "azimuth": ("f4", [1])},
        # Hundredths of a degree, or steps of an encoder: nobody can know.
        {"range": ("f4", [1]), "azimuth": ("u2", [9000]), "elevation": ("f4", [1])},
        {"X": ("f4", [1]), "Y": ("f4", [1])},
    ],
)
def test_what_tells_no_place_is_refused(fields):
    with pytest.raises(CloudError, match="range, azimuth and elevation as floats"):
        decode_cloud(cloud(**fields))


def test_millimetres_are_told_by_their_size_and_become_metres():
    # An arm's length, two and three metres, and a beam without return.
    millimetres = {"x": ("f4", [700, 2000, 3000, 0]), "y": ("f4", [0] * 4), "z": ("f4", [0] * 4)}
    found = decode_cloud(cloud(**millimetres, rgb=("f4", [1, 2, 3, 4])))
    (remark,) = size_remarks(found.xyz)
    assert "half of the points lie farther than 2000 m" in remark.kind.sentence(
        sensor="lidar.tof", **remark.numbers
    )
    metres = scaled(found, 0.001)
    np.testing.assert_allclose(metres.xyz[:, 0], [0.7, 2, 3, 0], rtol=1e-6)
    assert metres.points["rgb"].tolist() == [[1, 2, 3, 4]]
    assert metres.points.dtype == found.points.dtype
    assert size_remarks(metres.xyz) == ()
    assert found.xyz[0, 0] == 700


def test_whole_millimetres_become_fractions_of_metres():
    found = decode_cloud(cloud(x=("i2", [1500]), y=("i2", [-250]), z=("i2", [1]), i=("u1", [9])))
    metres = scaled(found, 0.001)
    np.testing.assert_allclose(metres.xyz, [[1.5, -0.25, 0.001]], rtol=1e-6)
    assert metres.points["i"].item() == 9
    np.testing.assert_array_equal(decode_cloud(encode_cloud(metres)).xyz, metres.xyz)


def test_a_scale_of_one_copies_nothing():
    found = decode_cloud(cloud(x=("f4", [1]), y=("f4", [2]), z=("f4", [3])))
    assert scaled(found, 1.0) is found


def test_a_far_point_makes_no_millimetres():
    layout = [(name, "f4") for name in "xyz"]
    points = np.zeros((1, 3), layout)
    points["x"] = [[10, 20, 5000]]
    assert size_remarks(PointCloud(points, 0, "lidar").xyz) == ()
    assert size_remarks(np.full((4, 3), np.nan, np.float32)) == ()
