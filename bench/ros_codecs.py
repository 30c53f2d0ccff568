"""Our codecs against those of ROS 2, sensor_msgs_py and cv_bridge, where these are installed."""

from __future__ import annotations

import array
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.rows import BenchRow, compare
from seg_perception.core.types import PointCloud
from seg_perception.io.images import decode_image
from seg_perception.io.messages import Header, Image
from seg_perception.io.pointcloud2 import decode_cloud, encode_cloud

_POINTS, _HEIGHT, _WIDTH = 131_072, 1536, 2048
_RANDOM = np.random.default_rng(0)
# What a driver publishes with a label beside each point: 18 bytes, three of them padding.
_LAYOUT = np.dtype(
    {
        "names": ["x", "y", "z", "ring", "label"],
        "formats": ["<f4", "<f4", "<f4", "<u2", "u1"],
        "offsets": [0, 4, 8, 12, 14],
        "itemsize": 18,
    }
)


def run() -> list[BenchRow]:
    """Clouds and images, in and out."""
    return [*_where_installed(_clouds), *_where_installed(_images)]


def _where_installed(rows: Callable[[], list[BenchRow]]) -> list[BenchRow]:
    try:
        return rows()
    except ImportError as error:
        print(f"not compared: {error}", file=sys.stderr)
        return []


def _clouds() -> list[BenchRow]:
    from sensor_msgs.msg import PointCloud2, PointField
    from sensor_msgs_py import point_cloud2
    from std_msgs.msg import Header as RosHeader

    points = np.zeros(_POINTS, _LAYOUT)
    for axis in "xyz":
        points[axis] = _RANDOM.random(_POINTS, np.float32)
    ours = encode_cloud(PointCloud(points[None], 0, "lidar"))
    fields = [PointField(**vars(field)) for field in ours.fields]
    message = PointCloud2(
        height=1,
        width=_POINTS,
        fields=fields,
        point_step=ours.point_step,
        row_step=ours.row_step,
        data=array.array("B", bytes(ours.data)),
    )
    cloud = decode_cloud(message)
    theirs = point_cloud2.read_points(message)
    np.testing.assert_array_equal(cloud.points[0]["x"], theirs["x"])
    return [
        compare(
            f"PointCloud2 of {_POINTS} points to its fields",
            lambda: decode_cloud(message),
            lambda: point_cloud2.read_points(message),
            budget=5.0,  # both are views of the bytes, of a few microseconds
            name="sensor_msgs_py.read_points",
        ),
        compare(
            f"fields of {_POINTS} points to PointCloud2",
            lambda: encode_cloud(cloud),
            lambda: point_cloud2.create_cloud(RosHeader(), fields, theirs, ours.point_step),
            budget=1.0,
            name="sensor_msgs_py.create_cloud",
        ),
    ]


def _images() -> list[BenchRow]:
    from cv_bridge import CvBridge

    bridge = CvBridge()
    pixels = _RANDOM.integers(0, 256, (_HEIGHT, _WIDTH, 3), dtype=np.uint8)
    return [_image(bridge, encoding, pixels) for encoding in ("rgb8", "bgr8")]


def _image(bridge: Any, encoding: str, pixels: Any) -> BenchRow:
    data = pixels.tobytes()
    message = Image(Header(), _HEIGHT, _WIDTH, encoding, 0, 3 * _WIDTH, data)
    np.testing.assert_array_equal(decode_image(message), bridge.imgmsg_to_cv2(message, "rgb8"))
    return compare(
        f"Image {_WIDTH}x{_HEIGHT} {encoding} to RGB",
        lambda: decode_image(message),
        lambda: bridge.imgmsg_to_cv2(message, "rgb8"),
        budget=1.5,
        name="cv_bridge",
    )
