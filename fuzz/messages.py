"""Messages of sensors, as a broken driver or an attacker could send them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import cv2
import numpy as np

from fuzz.bombs import picture
from fuzz.refusal import refused_or
from fuzz.source import Source
from seg_perception.core.types import Calibration
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.lens_plausibility import expect_possible, find_oddities
from seg_perception.geometry.point_times import point_times
from seg_perception.geometry.transforms import TransformTree
from seg_perception.io.camera_info import decode_camera_info
from seg_perception.io.clouds import decode_points
from seg_perception.io.coordinates import scaled, size_remarks
from seg_perception.io.image_encodings import ENCODINGS
from seg_perception.io.images import decode_compressed_image, decode_image, decode_label_image
from seg_perception.io.messages import (
    CameraInfo,
    CompressedImage,
    CustomMsg,
    CustomPoint,
    Header,
    Image,
    PointCloud2,
    PointField,
    Quaternion,
    RegionOfInterest,
    TFMessage,
    Transform,
    TransformStamped,
    Vector3,
)
from seg_perception.io.pointcloud2 import encode_cloud
from seg_perception.io.radar import radar_fields
from seg_perception.io.transforms import decode_tf

_ENCODINGS = (*ENCODINGS, "", "32FC1", "rgb8; jpeg")
_NAMES = (
    *("x", "y", "z", "t", "time", "label", "doppler", "azimuth", "", "rgb", "timestamp"),
    *("X", "Y", "Z", "range", "elevation", "offset_time"),
)
_MODELS = ("plumb_bob", "rational_polynomial", "equidistant", "", "thin_prism")
_POINTS = np.array([[0.0, 0.0, 1.0], [1.0, -1.0, 2.0], [3.0, 0.0, -1.0]])


def image(data: bytes) -> None:
    """A raw image, also as a label image."""
    source = Source(data)
    message = Image(
        header=Header.at(0, source.word_of(2)),
        height=source.short(),
        width=source.short(),
        encoding=source.choice(_ENCODINGS),
        is_bigendian=source.byte() % 2,
        step=source.word(),
        data=source.rest(),
    )
    for decode in (decode_image, decode_label_image):
        refused_or(decode, message)


def compressed_image(data: bytes) -> None:
    """A JPEG or PNG file, also as a label image."""
    message = CompressedImage(Header.at(0, "c"), "jpeg", np.frombuffer(data, np.uint8))
    for decode in (decode_compressed_image, decode_label_image):
        refused_or(decode, message)


def cloud(data: bytes) -> None:
    """A cloud with any fields, and what is read of it afterwards."""
    source = Source(data)
    fields = [
        PointField(source.choice(_NAMES), source.short(), source.byte() % 12, source.short())
        for _ in range(source.byte() % 9)
    ]
    message = PointCloud2(
        header=Header.at(source.word(), "l"),
        height=source.short(),
        width=source.short(),
        fields=fields,
        is_bigendian=bool(source.byte() % 2),
        point_step=source.short(),
        row_step=source.word(),
        data=source.rest(),
        is_dense=True,
    )
    decoded = refused_or(decode_points, message)
    if decoded is not None:
        for use in (encode_cloud, radar_fields, point_times):
            refused_or(use, decoded)
        size_remarks(decoded.xyz)
        encode_cloud(scaled(decoded, 0.001))


def livox(data: bytes) -> None:
    """A scan of a Livox driver, and what is read of it afterwards."""
    source = Source(data)
    header, timebase = Header.at(source.word(), "l"), source.word()
    points = [
        CustomPoint(source.word(), *source.reals(3), source.byte(), source.byte(), source.byte())
        for _ in range(source.byte() % 9)
    ]
    message = CustomMsg(header, timebase, source.word(), source.byte(), points=points)
    point_times(decode_points(message))


def camera_info(data: bytes) -> None:
    """A calibration, and points through it."""
    source = Source(data)
    message = CameraInfo(
        header=Header.at(0, "c"),
        height=source.short(),
        width=source.short(),
        distortion_model=source.choice(_MODELS),
        d=np.array(source.reals(source.byte() % 15)),
        k=np.array(source.reals(9)),
        r=np.array(source.reals(9)),
        p=np.array(source.reals(12)),
        binning_x=source.word(),
        binning_y=source.word(),
        roi=RegionOfInterest(source.short(), source.short(), source.short(), source.short()),
    )
    calibration = refused_or(decode_camera_info, message)
    if calibration is not None:
        rectified = bool(source.byte() % 2)
        refused_or(_judge, calibration, rectified=rectified)
        camera = refused_or(CameraModel.from_calibration, calibration, rectified=rectified)
        if camera is not None:
            camera.project(_POINTS)


def _judge(calibration: Calibration, *, rectified: bool) -> None:
    expect_possible(calibration, rectified=rectified)
    find_oddities(calibration, rectified=rectified)


def transforms(data: bytes) -> None:
    """A tf message, and a way through the tree that it makes."""
    source = Source(data)
    message = TFMessage(
        [
            TransformStamped(
                Header.at(source.word(), source.word_of(1)),
                source.word_of(1),
                Transform(Vector3(*source.reals(3)), Quaternion(*source.reals(4))),
            )
            for _ in range(source.byte() % 5)
        ]
    )
    decoded = refused_or(decode_tf, message)
    tree = TransformTree(10.0, 0.0, 1.0)
    for edge in decoded or []:
        if source.byte() % 2:
            refused_or(tree.set_static, edge.parent, edge.child, edge.T_parent_child)
        else:
            refused_or(tree.set_timed, edge.parent, edge.child, edge.stamp_ns, edge.T_parent_child)
    for target in "ab":
        refused_or(tree.lookup, target, "c", source.word())


def bombs(name: str) -> Iterator[bytes]:
    """Pictures that are larger than any machine's memory; each is tried once."""
    if name == "compressed_image":
        yield from (picture(32000, 32000), picture(2**31 - 1, 2**31 - 1, 0))


def seeds() -> dict[str, list[bytes]]:
    """Messages that are right, as the bytes that make them."""
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    rgb8 = b"c\0" + struct.pack("<HHBBI", 4, 4, _ENCODINGS.index("rgb8"), 0, 12)
    files = [cv2.imencode(kind, pixels)[1].tobytes() for kind in (".png", ".jpg")]
    files.append(cv2.imencode(".png", pixels[..., 0])[1].tobytes())
    layout = b"".join(struct.pack("<BHBH", i, 4 * i, 7, 1) for i in range(4))
    points = np.ones(8, "<f4").tobytes() * 2
    head = struct.pack("<IHHBHI", 0, 1, 4, 0, 16, 64)
    camera_info_bytes = struct.pack("<HHBB", 48, 64, 0, 5) + np.zeros(5).tobytes()
    k, p = np.diag([50.0, 50, 1]), np.eye(3, 4) * 50
    camera_info_bytes += k.tobytes() + np.eye(3).tobytes() + p.tobytes() + bytes(17)
    edge = struct.pack("<I", 5) + b"ab" + np.array([1.0, 2, 3, 0, 0, 0, 1]).tobytes()
    return {
        "image": [rgb8 + pixels.tobytes()],
        "compressed_image": files,
        "cloud": [bytes([4]) + layout + head + points],
        "livox": [struct.pack("<IIB", 1, 1, 1) + struct.pack("<I", 5) + np.ones(3).tobytes()],
        "camera_info": [camera_info_bytes],
        "transforms": [bytes([2]) + edge + edge.replace(b"ab", b"bc")],
    }
