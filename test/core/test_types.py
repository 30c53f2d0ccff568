"""What the data types accept, and how they say what they don't."""

import numpy as np
import pytest

from seg_perception.core.types import (
    CameraFrame,
    LabelMap,
    PointCloud,
    PointStatus,
    SemanticCloud,
    clean_frame_id,
    label_dtype,
    unknown_id,
)


def cloud(dtype: np.dtype, count: int = 3) -> PointCloud:
    points = np.zeros((1, count), dtype)
    for i, name in enumerate("xyz"):
        points[name] = np.arange(count) + 10 * i
    return PointCloud(points, stamp_ns=5, frame_id="lidar")


PADDED = np.dtype(
    {
        "names": ["i", "x", "y", "z"],
        "formats": ["u1", "<f4", "<f4", "<f4"],
        "offsets": [0, 3, 7, 11],
        "itemsize": 20,
    }
)
SCATTERED = np.dtype(
    {
        "names": ["z", "x", "y"],
        "formats": ["<f4", "<f4", "<f4"],
        "offsets": [0, 4, 12],
        "itemsize": 16,
    }
)
DOUBLE = np.dtype([("x", "<f8"), ("y", "<f8"), ("z", "<f8")])


@pytest.mark.parametrize(
    "dtype", [PADDED, SCATTERED, DOUBLE], ids=["unaligned", "scattered", "double"]
)
def test_xyz_reads_any_layout(dtype: np.dtype) -> None:
    xyz = cloud(dtype).xyz
    assert xyz.dtype == np.float32
    assert xyz.tolist() == [[0, 10, 20], [1, 11, 21], [2, 12, 22]]


def test_xyz_is_a_view_where_the_fields_lie_side_by_side() -> None:
    source = cloud(PADDED)
    assert np.shares_memory(source.xyz, source.points)


def test_a_cloud_without_z_names_the_fields_it_has() -> None:
    with pytest.raises(ValueError, match=r"expected fields x, y and z, got \['x', 'y'\]"):
        PointCloud(np.zeros((1, 2), [("x", "f4"), ("y", "f4")]), 0, "lidar")


@pytest.mark.parametrize(
    "image",
    [np.zeros((2, 2), np.uint8), np.zeros((2, 2, 3), np.float32), np.zeros((0, 2, 3), np.uint8)],
)
def test_a_frame_refuses_what_is_not_an_rgb_image(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="image: expected"):
        CameraFrame("front", image, 0, "camera")


def test_label_map_and_semantic_cloud_refuse_other_sizes() -> None:
    with pytest.raises(ValueError, match=r"confidence: expected shape \(2, 3\), got \(3, 2\)"):
        LabelMap("front", np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8), 0, "camera")
    ones = np.ones(3, np.uint8)
    with pytest.raises(ValueError, match=r"status: expected shape \(3,\), got \(2,\)"):
        SemanticCloud("top", cloud(DOUBLE), ones, ones.astype(np.float32), ones[:2], ones)


def test_status_is_counted() -> None:
    status = np.array([PointStatus.OCCLUDED, PointStatus.LABELLED, PointStatus.OCCLUDED], np.uint8)
    semantic = SemanticCloud(
        "top", cloud(DOUBLE), status, status.astype(np.float32), status, status
    )
    assert semantic.count(PointStatus.OCCLUDED) == 2


@pytest.mark.parametrize(
    ("classes", "unknown", "dtype"), [(1, 255, "u1"), (255, 255, "u1"), (256, 65535, "u2")]
)
def test_unknown_id_never_is_a_class(classes: int, unknown: int, dtype: str) -> None:
    assert unknown_id(classes) == unknown
    assert label_dtype(classes) == np.dtype(dtype)
    assert unknown >= classes


def test_drops_the_leading_slash_of_ros_1_frames() -> None:
    assert clean_frame_id("/base_link") == "base_link"
    assert clean_frame_id("robot/base_link") == "robot/base_link"
