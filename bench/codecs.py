"""Messages to arrays and back, against moving the same bytes once."""

from __future__ import annotations

import array

import cv2
import numpy as np

from bench.rows import BenchRow, compare
from seg_perception.core.types import LabelMap, SemanticCloud
from seg_perception.inference.resize_filters import resize
from seg_perception.io.images import decode_compressed_image, decode_image, encode_labels
from seg_perception.io.messages import CompressedImage, Header, Image, PointCloud2, PointField
from seg_perception.io.pointcloud2 import append_semantics, decode_cloud, encode_cloud

_HEIGHT, _WIDTH, _NETWORK = 1536, 2048, (1024, 512)
_POINTS = 131_072
_RANDOM = np.random.default_rng(0)
# (name, offset, datatype) of what ouster-ros and a plain XYZI driver publish.
_XYZ = [("x", 0, 7), ("y", 4, 7), ("z", 8, 7)]
_LAYOUTS = {
    "ouster, 48 bytes": (
        48,
        [
            *_XYZ,
            ("intensity", 16, 7),
            ("t", 20, 6),
            ("reflectivity", 24, 4),
            ("ring", 26, 4),
            ("ambient", 28, 4),
            ("range", 32, 6),
        ],
    ),
    "xyzi, 16 bytes": (16, [*_XYZ, ("intensity", 12, 7)]),
}


def run() -> list[BenchRow]:
    """Image in, labels out, cloud in and out."""
    clouds = [_cloud(name, *layout) for name, layout in _LAYOUTS.items()]
    return [_image("bgr8"), _image("rgb8"), _jpeg(), _antialias(), _bicubic(), _labels(), *clouds]


def _image(encoding: str) -> BenchRow:
    """To the network's input; the baseline has an array of pixels and converts where we must."""
    pixels = _RANDOM.integers(0, 256, (_HEIGHT, _WIDTH, 3), dtype=np.uint8)
    data = pixels.tobytes()
    message = Image(Header(), _HEIGHT, _WIDTH, encoding, 0, 3 * _WIDTH, data)

    def ours() -> object:
        return cv2.resize(decode_image(message), _NETWORK, interpolation=cv2.INTER_LINEAR)

    def baseline() -> object:
        rgb = pixels if encoding == "rgb8" else cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
        return cv2.resize(rgb, _NETWORK, interpolation=cv2.INTER_LINEAR)

    step = f"ROS image {_WIDTH}x{_HEIGHT} {encoding} to network input"
    name = "cv2 resize" if encoding == "rgb8" else "cv2 conversion and resize"
    return compare(step, ours, baseline, budget=1.2, name=name)


def _jpeg() -> BenchRow:
    """A camera's file, 0.7 MB, checked before it is decoded."""
    coarse = _RANDOM.integers(0, 256, (75, 120, 3), dtype=np.uint8)
    smooth = cv2.resize(coarse, (1920, 1200), interpolation=cv2.INTER_CUBIC)
    noisy = np.clip(smooth + _RANDOM.normal(0, 6, smooth.shape), 0, 255).astype(np.uint8)
    _, file = cv2.imencode(".jpg", noisy, (cv2.IMWRITE_JPEG_QUALITY, 90))
    message = CompressedImage(Header(), "jpeg", file.reshape(-1))
    return compare(
        "JPEG 1920x1200 to RGB",
        lambda: decode_compressed_image(message),
        lambda: cv2.cvtColor(cv2.imdecode(file, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB),
        budget=1.1,
        name="cv2 decoding and conversion",
    )


def _antialias() -> BenchRow:
    """As Pillow and torchvision shrink images; OpenCV has areas for that."""
    pixels = _RANDOM.integers(0, 256, (1200, 1920, 3), dtype=np.uint8)
    size = (512, 288)
    return compare(
        "image 1920x1200 to 512x288, antialiased",
        lambda: resize(pixels, size, "antialias"),
        lambda: cv2.resize(pixels, size, interpolation=cv2.INTER_AREA),
        budget=0.4,
        name="cv2 INTER_AREA",
    )


def _bicubic() -> BenchRow:
    """As Pillow has it; OpenCV's does not widen where an image shrinks."""
    pixels = _RANDOM.integers(0, 256, (1200, 1920, 3), dtype=np.uint8)
    size = (512, 288)
    return compare(
        "image 1920x1200 to 512x288, bicubic",
        lambda: resize(pixels, size, "bicubic"),
        lambda: cv2.resize(pixels, size, interpolation=cv2.INTER_AREA),
        budget=2,
        name="cv2 INTER_AREA",
    )


def _labels() -> BenchRow:
    """To bytes that a ROS message owns, as a node publishes them."""
    labels = _RANDOM.integers(0, 64, (_HEIGHT, _WIDTH), dtype=np.uint8)
    label_map = LabelMap("front", labels, labels, 0, "camera")

    def ours() -> object:
        owned = array.array("B")
        owned.frombytes(memoryview(encode_labels(label_map).data))
        return owned

    step = f"labels {_WIDTH}x{_HEIGHT} to ROS label image"
    return compare(step, ours, labels.copy, budget=2.0, name="copying the bytes")


def _cloud(name: str, point_step: int, layout: list[tuple[str, int, int]]) -> BenchRow:
    """Message to structured view to semantic message."""
    fields = [PointField(*entry) for entry in layout]
    data = _RANDOM.integers(0, 256, _POINTS * point_step, dtype=np.uint8).tobytes()
    row_step = point_step * _POINTS
    message = PointCloud2(Header(), 1, _POINTS, fields, False, point_step, row_step, data)
    labels = _RANDOM.integers(0, 64, _POINTS, dtype=np.uint8)
    confidence = _RANDOM.random(_POINTS, dtype=np.float32)
    status = np.zeros(_POINTS, np.uint8)
    palette = _RANDOM.integers(0, 256, (256, 3), dtype=np.uint8)

    def ours() -> PointCloud2:
        cloud = decode_cloud(message)
        semantic = SemanticCloud("top", cloud, labels, confidence, status, status)
        return encode_cloud(append_semantics(semantic, palette))

    layout = decode_cloud(ours()).points.dtype
    packed = palette.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)

    def field_by_field() -> object:
        points = decode_cloud(message).points.reshape(-1)
        output = np.zeros(_POINTS, layout)
        for field in points.dtype.names or ():
            output[field] = points[field]
        output["label"], output["confidence"] = labels, confidence
        output["rgb"] = packed[labels].view(np.float32)
        return output

    step = f"PointCloud2 {_POINTS} points ({name}) to semantic PointCloud2"
    return compare(step, ours, field_by_field, budget=1.0, name="numpy, field by field")
