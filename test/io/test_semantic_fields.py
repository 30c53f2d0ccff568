import logging
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.core.errors import CloudError, ConfigError
from seg_perception.core.types import PointCloud, PointStatus, SemanticCloud
from seg_perception.io.pointcloud2 import PROFILES, append_semantics, decode_cloud, encode_cloud
from seg_perception.io.semantic_fields import _layout, with_moving

PALETTE = np.zeros((256, 3), np.uint8)
PALETTE[2] = 0x11, 0x22, 0x33
PALETTE[255] = 0xFF, 0x00, 0xFF
# x, y, z, one byte that belongs to nothing, ring, 2 bytes that belong to nothing.
POINT = np.dtype(
    {
        "names": ["x", "y", "z", "ring"],
        "formats": ["<f4", "<f4", "<f4", "<u2"],
        "offsets": [0, 4, 8, 13],
        "itemsize": 17,
    }
)


def semantic(labels=(2, 255), dtype=POINT, shape=None, label_type=np.uint8):
    count = len(labels)
    raw = np.arange(count * dtype.itemsize, dtype=np.uint8)
    points = raw.view(dtype).reshape(shape or (1, count))
    known = np.array(labels) != 255
    return SemanticCloud(
        sensor="top",
        cloud=PointCloud(points, 7, "lidar", is_dense=True),
        labels=np.array(labels, label_type),
        confidence=np.where(known, 0.75, 0).astype(np.float32),
        status=np.where(known, PointStatus.LABELLED, PointStatus.OCCLUDED).astype(np.uint8),
        sources=np.zeros(count, np.uint8),
    )


def packed(points):
    return np.ascontiguousarray(points["rgb"]).view("<u4").reshape(-1).tolist()


@pytest.mark.parametrize(
    ("profile", "label", "label_type", "confidence", "start", "step"),
    [
        ("pcl", "label", "<u4", "confidence", 20, 32),
        ("viking", "label_id", "u1", "confidence", 17, 26),
        ("autoware", "class_id", "u1", "probability", 17, 26),
    ],
)
def test_appends_behind_the_untouched_point(profile, label, label_type, confidence, start, step):
    before = semantic()
    after = append_semantics(before, PALETTE, profile)
    assert after.points.dtype.itemsize == step
    assert after.points.dtype.fields[label] == (np.dtype(label_type), start)
    bytes_in = before.cloud.points.reshape(-1).view(np.uint8).reshape(2, 17)
    bytes_out = after.points.reshape(-1).view(np.uint8).reshape(2, step)
    np.testing.assert_array_equal(bytes_out[:, :17], bytes_in)
    for name in POINT.names:
        assert after.points.dtype.fields[name] == POINT.fields[name]
    assert after.points[label].tolist() == [[2, 255]]
    assert after.points[confidence].tolist() == [[0.75, 0.0]]
    assert packed(after.points) == [0x112233, 0xFF00FF]
    assert (after.stamp_ns, after.frame_id, after.is_dense) == (7, "lidar", True)


def test_bytes_that_belong_to_nothing_are_zero():
    after = append_semantics(semantic(), PALETTE, "pcl")
    gap = after.points.reshape(-1).view(np.uint8).reshape(2, 32)[:, 17:20]
    assert not gap.any()


def dirty_memory():
    """Freed memory with contents that nobody may find in a message."""
    return [np.full(size, 0x77, np.uint8) for size in range(16, 600)]


@pytest.mark.parametrize("way", ["dropped", "padded rows", "big endian"])
def test_bytes_between_fields_are_the_senders_or_zero(way):
    before = semantic(labels=(2, 255, 2, 2))
    cloud = before.cloud
    if way == "padded rows":
        rows = np.zeros((2, 2 * POINT.itemsize + 3), np.uint8)
        rows[:, : 2 * POINT.itemsize] = cloud.points.view(np.uint8).reshape(2, -1)
        cloud = replace(cloud, points=np.ndarray((2, 2), POINT, rows.data, 0, (37, 17)))
    if way == "big endian":
        cloud = replace(cloud, points=cloud.points.view(POINT.newbyteorder(">")))
    sent = [17 * n + 12 for n in range(4) if way != "dropped" or n != 1]
    dirty_memory()
    after = append_semantics(
        replace(before, cloud=cloud), PALETTE, drop_unlabelled=way == "dropped"
    )
    bytes_out = after.points.reshape(-1).view(np.uint8).reshape(-1, 32)
    assert bytes_out[:, 12].tolist() == ([0] * 4 if way == "big endian" else sent)


def test_float32_makes_every_field_a_float_side_by_side():
    before = semantic()
    after = append_semantics(before, PALETTE, "float32")
    names = ("x", "y", "z", "ring", "label", "confidence", "rgb")
    assert set(after.fields) == set(names)
    offsets = sorted(offset for _, offset in after.points.dtype.fields.values())
    assert offsets == [0, 4, 8, 12, 16, 20, 24]
    assert all(kind == np.float32 for kind, _ in after.points.dtype.fields.values())
    assert after.points["ring"].tolist() == before.cloud.points["ring"].tolist()
    assert after.points["label"].tolist() == [[2, 255]]
    assert packed(after.points) == [0x112233, 0xFF00FF]


def test_float32_keeps_fields_of_several_values():
    dtype = np.dtype([("x", "f4"), ("y", "f4"), ("z", "f4"), ("cov", "<u2", (3,))])
    before = semantic(dtype=dtype)
    after = append_semantics(before, PALETTE, "float32")
    np.testing.assert_array_equal(after.points["cov"], before.cloud.points["cov"])


def test_a_name_that_is_taken_is_moved_aside_with_one_warning(caplog):
    _layout.cache_clear()
    dtype = np.dtype([("x", "f4"), ("y", "f4"), ("z", "f4"), ("label", "u1"), ("rgb", "f4")])
    before = semantic(dtype=dtype)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            after = append_semantics(before, PALETTE, "pcl")
    assert after.points["semantic_label"].tolist() == [[2, 255]]
    np.testing.assert_array_equal(after.points["label"], before.cloud.points["label"])
    assert np.array_equal(after.points["rgb"].view("<u4"), before.cloud.points["rgb"].view("<u4"))
    assert [record.getMessage().count("semantic_") for record in caplog.records] == [1, 1]


def test_an_organised_cloud_stays_so():
    assert append_semantics(semantic(shape=(2, 1)), PALETTE).points.shape == (2, 1)


def test_dropping_leaves_the_labelled_points_only():
    after = append_semantics(semantic((2, 255, 2)), PALETTE, drop_unlabelled=True)
    assert after.points["label"].tolist() == [[2, 2]]
    assert after.points["confidence"].tolist() == [[0.75, 0.75]]


def test_an_empty_cloud_gets_its_fields_too():
    after = append_semantics(semantic(()), PALETTE)
    assert after.points.shape == (1, 0)
    assert {"label", "confidence", "rgb"} < set(after.fields)


def test_wide_ids_fit_into_profiles_that_hold_them():
    palette = np.zeros((65536, 3), np.uint8)
    palette[300] = 1, 2, 3
    before = semantic((300, 65535), label_type=np.uint16)
    after = append_semantics(before, palette, "pcl")
    assert after.points["label"].tolist() == [[300, 65535]]
    assert packed(after.points) == [0x010203, 0]
    with pytest.raises(CloudError, match="ids to 255"):
        append_semantics(before, palette, "viking")
    with pytest.raises(ValueError, match="palette"):
        append_semantics(before, PALETTE, "pcl")


def test_an_unknown_profile_names_the_known_ones():
    with pytest.raises(ConfigError, match="viking"):
        append_semantics(semantic(), PALETTE, "ros")


def test_a_big_endian_cloud_leaves_in_one_byte_order():
    dtype = np.dtype([("x", ">f4"), ("y", ">f4"), ("z", ">f4")])
    before = semantic(dtype=dtype)
    after = decode_cloud(encode_cloud(append_semantics(before, PALETTE)))
    np.testing.assert_array_equal(after.xyz, before.cloud.xyz)
    assert after.points["label"].tolist() == [[2, 255]]


@given(
    st.integers(0, 40_000),
    st.sampled_from(sorted(set(PROFILES) - {"float32"})),
    st.integers(12, 40),
)
def test_no_point_is_mixed_up_across_blocks(count, profile, step):
    dtype = np.dtype(
        {"names": ["x", "y", "z"], "formats": ["<f4"] * 3, "offsets": [0, 4, 8], "itemsize": step}
    )
    rng = np.random.default_rng(count)
    points = rng.integers(0, 256, count * step, np.uint8).view(dtype).reshape(1, -1)
    labels = rng.integers(0, 256, count, np.uint8)
    confidence = rng.random(count, np.float32)
    zeros = np.zeros(count, np.uint8)
    palette = rng.integers(0, 256, (256, 3), np.uint8)
    before = SemanticCloud("top", PointCloud(points, 0, ""), labels, confidence, zeros, zeros)
    after = append_semantics(before, palette, profile).points[0]
    raw = after.view(np.uint8).reshape(count, after.dtype.itemsize)[:, :step]
    np.testing.assert_array_equal(raw, points.view(np.uint8).reshape(count, step))
    np.testing.assert_array_equal(after[PROFILES[profile].label], labels)
    np.testing.assert_array_equal(after[PROFILES[profile].confidence], confidence)
    red, green, blue = palette[labels].astype(np.uint32).T
    np.testing.assert_array_equal(packed(after), red << 16 | green << 8 | blue)


def test_what_moves_is_a_field_after_the_senders(make_semantic_moving) -> None:
    semantic = make_semantic_moving([1, 0, 255])
    widened = with_moving(semantic).cloud
    assert widened.fields == (*semantic.cloud.fields, "moving")
    assert widened.points["moving"].tolist() == [[1, 0, 255]]
    for name in semantic.cloud.fields:
        assert (widened.points[name] == semantic.cloud.points[name]).all()
        assert widened.points.dtype.fields[name] == semantic.cloud.points.dtype.fields[name]
    assert widened.points.dtype.itemsize == semantic.cloud.points.dtype.itemsize + 1
    assert with_moving(replace(semantic, moving=None)).cloud is semantic.cloud
    taken = with_moving(replace(semantic, cloud=widened)).cloud
    assert taken.fields[-2:] == ("moving", "semantic_moving")


@pytest.fixture
def make_semantic_moving():
    def make(moving):
        layout = np.dtype(
            {
                "names": ["x", "y", "z", "RCS"],
                "formats": ["<f4", "<f4", "<f4", "i1"],
                "offsets": [0, 4, 8, 14],
                "itemsize": 17,
            }
        )
        points = np.zeros((1, len(moving)), layout)
        points["x"], points["RCS"] = 5, -3
        none = np.zeros(len(moving), np.uint8)
        return SemanticCloud(
            sensor="nose",
            cloud=PointCloud(points, 0, "radar"),
            labels=none,
            confidence=none.astype(np.float32),
            status=none,
            sources=none,
            moving=np.array(moving, np.uint8),
        )

    return make
