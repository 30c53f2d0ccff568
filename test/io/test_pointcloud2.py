import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.core.errors import CloudError
from seg_perception.core.types import PointCloud
from seg_perception.io.messages import Header, PointCloud2, PointField
from seg_perception.io.pointcloud2 import decode_cloud, encode_cloud

FLOAT32, FLOAT64, UINT16, INT8 = 7, 8, 4, 1
XYZ = [PointField(name, 4 * i, FLOAT32, 1) for i, name in enumerate("xyz")]


def message(data, *, fields=None, point_step=12, height=1, width=1, row_step=None, **other):
    return PointCloud2(
        header=Header.at(1_500_000_000, "lidar"),
        height=height,
        width=width,
        fields=XYZ if fields is None else fields,
        point_step=point_step,
        row_step=width * point_step if row_step is None else row_step,
        data=bytes(data),
        **other,
    )


def floats(*values, dtype="<f4"):
    return np.array(values, dtype).tobytes()


def test_reads_points_stamp_and_frame():
    cloud = decode_cloud(message(floats(1, 2, 3, 4, 5, 6), width=2, is_dense=True))
    assert cloud.xyz.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert (cloud.stamp_ns, cloud.frame_id, cloud.is_dense) == (1_500_000_000, "lidar", True)
    assert cloud.points.shape == (1, 2)


def test_a_frame_loses_the_slash_of_ros_1():
    msg = message(floats(1, 2, 3))
    msg.header.frame_id = "/lidar"
    assert decode_cloud(msg).frame_id == "lidar"


def test_the_points_are_viewed_not_copied():
    msg = message(floats(1, 2, 3))
    assert np.shares_memory(decode_cloud(msg).points, np.frombuffer(msg.data, np.uint8))


def test_reads_unaligned_fields_of_every_type_between_padding():
    fields = [
        PointField("rcs", 0, INT8, 1),
        PointField("x", 1, FLOAT32, 1),
        PointField("y", 5, FLOAT64, 1),
        PointField("z", 14, FLOAT32, 1),
        PointField("covariance", 18, UINT16, 3),
        PointField("id", 26, 6, 0),
    ]
    point = b"\xfd" + floats(1) + floats(2, dtype="<f8") + b"?" + floats(3)
    point += np.array([7, 8, 9], "<u2").tobytes() + b"??" + np.array([70000], "<u4").tobytes()
    cloud = decode_cloud(message(point + b"???", fields=fields, point_step=33))
    assert cloud.points["rcs"].item() == -3
    assert cloud.xyz.tolist() == [[1, 2, 3]]
    assert cloud.points["covariance"].tolist() == [[[7, 8, 9]]]
    assert cloud.points["id"].item() == 70000


def test_padded_rows_keep_the_cloud_organised():
    data = floats(1, 2, 3, 4, 5, 6) + b"pad!" + floats(7, 8, 9, 10, 11, 12) + b"pad!"
    cloud = decode_cloud(message(data, height=2, width=2, row_step=28))
    assert cloud.points["x"].tolist() == [[1, 4], [7, 10]]
    assert cloud.xyz.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12]]
    again = encode_cloud(cloud)
    assert (again.row_step, bytes(again.data)) == (24, data[:24] + data[28:52])


def test_bytes_between_the_fields_of_padded_rows_are_kept():
    point = floats(1, 2, 3) + b"abcd"
    rows = (point * 2 + b"pad!") * 2
    cloud = decode_cloud(message(rows, height=2, width=2, point_step=16, row_step=36))
    _dirty = [np.full(64, 0x77, np.uint8) for _ in range(100)]
    del _dirty
    assert bytes(encode_cloud(cloud).data) == point * 4


def test_the_row_step_of_a_single_row_says_nothing():
    assert len(decode_cloud(message(floats(1, 2, 3), row_step=0))) == 1


@pytest.mark.parametrize("row_step", [0, 12, 48, 2**32 - 1])
def test_exactly_all_points_are_read_whatever_row_step_says(row_step):
    # 0 as velodyne_pointcloud had it, 48 (the whole cloud) as the helpers of Jazzy set it.
    values = [float(n) for n in range(12)]
    cloud = decode_cloud(message(floats(*values), height=2, width=2, row_step=row_step))
    assert cloud.points.shape == (2, 2)
    assert cloud.xyz.tolist() == np.reshape(values, (4, 3)).tolist()
    (remark,) = cloud.remarks
    assert remark.kind.code == "wrong_row_step"
    assert remark.numbers == {"row_step": row_step, "expected": 24}


def test_a_row_step_that_is_right_is_not_remarked_upon():
    assert decode_cloud(message(floats(*range(12)), height=2, width=2)).remarks == ()
    padded = message(floats(*range(7)) * 2, height=2, width=2, row_step=28)
    assert decode_cloud(padded).remarks == ()


def test_big_endian_points_are_read_and_written():
    msg = message(floats(1, 2, 3, dtype=">f4"), is_bigendian=True)
    cloud = decode_cloud(msg)
    assert cloud.xyz.tolist() == [[1, 2, 3]]
    again = encode_cloud(cloud)
    assert (again.is_bigendian, bytes(again.data)) == (True, msg.data)


def test_nan_points_keep_their_places():
    cloud = decode_cloud(message(floats(np.nan, np.nan, np.nan, 1, 2, 3), width=2))
    assert np.isnan(cloud.xyz[0]).all()
    assert cloud.xyz[1].tolist() == [1, 2, 3]


@pytest.mark.parametrize("shape", [(1, 0), (0, 0), (0, 1), (4, 0)])
def test_an_empty_cloud_is_a_cloud(shape):
    cloud = decode_cloud(message(b"", height=shape[0], width=shape[1]))
    assert (len(cloud), cloud.xyz.shape) == (0, (0, 3))
    again = encode_cloud(cloud)
    assert (again.height, again.width, bytes(again.data)) == (*shape, b"")


def test_fields_may_share_bytes():
    fields = [*XYZ, PointField("rgb", 12, FLOAT32, 1), PointField("rgba", 12, 6, 1)]
    cloud = decode_cloud(message(floats(1, 2, 3) + b"\1\2\3\0", fields=fields, point_step=16))
    assert cloud.points["rgba"].item() == 0x00030201


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"data": b"\0" * 11}, "got row_step 12 and 11 bytes"),
        ({"width": 2**31, "row_step": 2**31 * 12}, "height x row_step"),
        ({"height": 2, "data": b"\0" * 25, "row_step": 8}, "rows of 12 bytes"),
        ({"height": 2, "data": b"\0" * 25, "row_step": 24}, "got row_step 24 and 25 bytes"),
        ({"point_step": 10}, "within the 10 bytes"),
        ({"point_step": 0, "row_step": 0}, "got point_step 0"),
        ({"fields": [*XYZ, PointField("x", 0, FLOAT32, 1)]}, "'x'.* twice"),
        ({"fields": [*XYZ[:2], PointField("z", 8, 9, 1)]}, "datatype of 1"),
        ({"fields": [*XYZ[:2], PointField("z", 8, FLOAT32, 2)]}, "up to byte 16"),
        ({"fields": XYZ[:2]}, "fields x, y and z"),
        ({"fields": []}, "x, y and z"),
        ({"fields": [*XYZ, PointField("q", 12, FLOAT64, 2**31)]}, "up to byte 17179869196"),
        ({"point_step": 2**31, "row_step": 0, "width": 0}, "got point_step 2147483648"),
        ({"fields": [PointField("x", 0, INT8, 4), *XYZ[1:]]}, "x of one number"),
    ],
)
def test_what_can_not_be_read_exactly_is_refused(changes, text):
    arguments = {"data": floats(1, 2, 3), **changes}
    with pytest.raises(CloudError, match=text):
        decode_cloud(message(**arguments))


def test_a_field_that_messages_lack_is_refused():
    points = np.zeros((1, 1), [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("t", "<u8")])
    with pytest.raises(CloudError, match="'t'"):
        encode_cloud(PointCloud(points, 0, "lidar"))


@st.composite
def layouts(draw):
    """Fields of any type, one behind the other with gaps, in any order, x, y, z among them."""
    extra = draw(st.lists(st.tuples(st.integers(1, 8), st.integers(1, 3)), max_size=5))
    kinds = [(name, FLOAT32, 1) for name in "xyz"]
    kinds += [(f"f{i}", datatype, count) for i, (datatype, count) in enumerate(extra)]
    sizes = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 8: 8}
    fields, offset = [], 0
    for name, datatype, count in draw(st.permutations(kinds)):
        offset += draw(st.integers(0, 3))
        fields.append(PointField(name, offset, datatype, count))
        offset += sizes[datatype] * count
    return fields, offset + draw(st.integers(0, 5))


@given(layouts(), st.integers(0, 3), st.integers(0, 4), st.booleans(), st.data())
def test_every_layout_comes_back_byte_for_byte(layout, height, width, big_endian, data):
    fields, point_step = layout
    size = height * width * point_step
    raw = data.draw(st.binary(min_size=size, max_size=size))
    msg = message(
        raw,
        fields=fields,
        point_step=point_step,
        height=height,
        width=width,
        is_bigendian=big_endian,
    )
    again = encode_cloud(decode_cloud(msg))
    assert bytes(again.data) == raw
    assert again.fields == fields
    assert (again.height, again.width, again.point_step) == (height, width, point_step)
    assert (again.row_step, again.is_bigendian) == (width * point_step, big_endian)


@given(layouts(), st.data())
def test_fields_hold_what_their_bytes_say(layout, data):
    """Each value, decoded alone from its own bytes, equals the field's."""
    fields, point_step = layout
    raw = data.draw(st.binary(min_size=2 * point_step, max_size=2 * point_step))
    points = decode_cloud(message(raw, fields=fields, point_step=point_step, width=2)).points
    formats = dict(enumerate(["<i1", "<u1", "<i2", "<u2", "<i4", "<u4", "<f4", "<f8"], start=1))
    for field in fields:
        for i in range(2):
            start = i * point_step + field.offset
            expected = np.frombuffer(raw, formats[field.datatype], field.count, start)
            np.testing.assert_array_equal(np.atleast_1d(points[field.name][0, i]), expected)


@pytest.mark.parametrize("big_endian", [False, True])
def test_reads_as_sensor_msgs_py_does(big_endian):
    """It flattens what is organised, and splits a field of several values into several."""
    point_cloud2 = pytest.importorskip("sensor_msgs_py.point_cloud2")
    ros = pytest.importorskip("sensor_msgs.msg")
    fields = [*XYZ, PointField("ring", 12, UINT16, 1), PointField("cov", 14, FLOAT64, 2)]
    raw = np.random.default_rng(0).integers(0, 255, 33 * 6, np.uint8).tobytes()
    msg = message(raw, fields=fields, point_step=33, height=2, width=3, is_bigendian=big_endian)
    theirs = point_cloud2.read_points(
        ros.PointCloud2(
            height=2,
            width=3,
            fields=[ros.PointField(**vars(field)) for field in fields],
            is_bigendian=big_endian,
            point_step=33,
            row_step=99,
            data=array.array("B", raw),
        )
    )
    ours = decode_cloud(msg).points.reshape(-1)
    for name in ("x", "y", "z", "ring"):
        np.testing.assert_array_equal(ours[name], theirs[name])
    for i in range(2):
        np.testing.assert_array_equal(ours["cov"][:, i], theirs[f"cov_{i}"])
