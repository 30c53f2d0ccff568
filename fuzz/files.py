"""Files that somebody hands over: bags, bundles, parameter files, ontologies."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np
from rosbags.rosbag1 import Writer

from fuzz import bombs as make
from fuzz.refusal import refused_or
from seg_perception.active_learning.cvat import read_masks
from seg_perception.config import Config
from seg_perception.core.ontology import Ontology
from seg_perception.core.resources import bundle_path, config_path
from seg_perception.core.yaml_document import YamlError, parse_yaml
from seg_perception.inference.archive import unpack
from seg_perception.inference.manifest import Manifest
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.calibration_file import read_calibration_file
from seg_perception.io.messages import String

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def mcap(data: bytes) -> None:
    """An mcap file, read to its end."""
    _read_bag(data, "bag.mcap")


def db3(data: bytes) -> None:
    """An SQLite bag, read to its end."""
    _read_bag(data, "bag.db3")


def ros1_bag(data: bytes) -> None:
    """A ROS 1 bag, read to its end."""
    _read_bag(data, "bag.bag")


def packed_mcap(data: bytes) -> None:
    """An mcap file that is packed as a whole."""
    _read_bag(data, "bag.mcap.zstd")


def packed_db3(data: bytes) -> None:
    """An SQLite bag that is packed as a whole."""
    _read_bag(data, "bag.db3.zstd")


def cvat_zip(data: bytes) -> None:
    """Masks as CVAT exports them."""
    with _file(data, "masks.zip") as path:
        refused_or(lambda: list(read_masks(path, Ontology.load("rellis"))))


def manifest(data: bytes) -> None:
    """A bundle's manifest."""
    with _file(data, "manifest.json") as path:
        refused_or(Manifest.read, path)


def bundle_zip(data: bytes) -> None:
    """A bundle as a zip."""
    with _file(data, "bundle.zip") as path:
        target = path.parent / "unpacked"
        target.mkdir()
        refused_or(unpack, path, target)


def parameter_file(data: bytes) -> None:
    """A ROS parameter file."""
    with _file(data, "robot.yaml") as path:
        refused_or(Config.load, path)


def ontology(data: bytes) -> None:
    """A label space."""
    with _file(data, "own.yaml") as path:
        refused_or(Ontology.load, path)


def calibration_file(data: bytes) -> None:
    """A lens as ROS' camera_calibration writes it."""
    with _file(data, "front.yaml") as path:
        refused_or(read_calibration_file, path)


def yaml(data: bytes) -> None:
    """A YAML text."""
    try:
        parse_yaml(data.decode(errors="replace"))
    except YamlError:
        return


def bag_metadata(data: bytes) -> None:
    """What a recorder says of its files, which lie beside it."""
    with _file(data, "metadata.yaml") as path:
        (path.parent / "a.mcap").write_bytes(_small_bag())
        bag = refused_or(BagReader, path.parent)
        if bag is not None:
            with bag:
                refused_or(_look_at_all, bag)


def seeds() -> dict[str, list[bytes]]:
    """Files that are right."""
    platforms = [config_path("platforms", f"{n}.yaml") for n in ("simulated", "viking_hill")]
    bundle = bundle_path("field_tiny")
    return {
        "mcap": [_bag("none"), _bag("zstd"), _bag("lz4")],
        "db3": [_sqlite_bag()],
        "packed_mcap": [zstd.compress(_bag("none"))],
        "packed_db3": [zstd.compress(_sqlite_bag())],
        "cvat_zip": [_cvat_zip()],
        "ros1_bag": [_ros1_bag(compressed) for compressed in (False, True)],
        "manifest": [(bundle / "manifest.json").read_bytes()],
        "bundle_zip": [_zip()],
        "bag_metadata": [_metadata()],
        "yaml": [_YAML, *(path.read_bytes() for path in platforms)],
        "parameter_file": [path.read_bytes() for path in platforms],
        "ontology": [config_path("ontology", "rellis.yaml").read_bytes()],
        "calibration_file": [_CALIBRATION],
    }


_CALIBRATION = b"""\
image_width: 640
image_height: 480
distortion_model: plumb_bob
camera_matrix: {rows: 3, cols: 3, data: [500, 0, 319.5, 0, 500, 239.5, 0, 0, 1]}
distortion_coefficients: {rows: 1, cols: 5, data: [0.1, 0, 0, 0, 0]}
"""

# What PyYAML has code of its own for.
_YAML = b"""\
a: &a [1, 0x1f, 1_000, 1:30, 2.5e3, .inf, yes, ~, 2026-01-02, 2026-01-02T03:04:05.6+07:00]
b: {<<: &b {c: *a, d: !!int "7"}, e: !!binary aGVsbG8=, f: !!set {g, h}, i: !!omap [j: 1]}
? [k, l]
: {<<: [*b, *b], m: "\\u00e9\\x41", n: !!float 1, o: !!timestamp 2026-01-02}
"""


def _metadata() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bag")
        with BagWriter(path) as bag:
            bag.write("/text", String("text"), 0)
        text = (path / "metadata.yaml").read_text()
        return text.replace("bag_0.mcap", "a.mcap").encode()


@cache
def _small_bag() -> bytes:
    return _bag("none")


def bombs(name: str) -> Iterator[bytes]:
    """Files that hold, or claim to hold, more than any machine has; each is tried once."""
    return (build() for build in _BOMBS.get(name, ()))


@contextmanager
def _file(data: bytes, name: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="fuzz_"))
    try:
        path = folder / name
        path.write_bytes(data)
        yield path
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _read_bag(data: bytes, name: str) -> None:
    with _file(data, name) as path:
        bag = refused_or(BagReader, path)
        if bag is not None:
            with bag:
                refused_or(_look_at_all, bag)


def _look_at_all(bag: BagReader) -> None:
    for message in bag.messages():
        refused_or(lambda message=message: message.message)


def _bag(compression: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.mcap")
        with BagWriter(path, compression=compression) as bag:
            for time in range(3):
                bag.write("/text", String(f"text {time}"), time * 2 * 10**9)
        return path.read_bytes()


def _sqlite_bag() -> bytes:
    """The two tables of rosbag2's storage, one topic, one message."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.db3")
        with sqlite3.connect(path) as database:
            database.execute(
                "CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT, type TEXT, "
                "serialization_format TEXT, offered_qos_profiles TEXT)"
            )
            database.execute(
                "CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, "
                "timestamp INTEGER, data BLOB)"
            )
            row = (1, "/text", "std_msgs/msg/String", "cdr", "")
            database.execute("INSERT INTO topics VALUES (?, ?, ?, ?, ?)", row)
            text = b"\0\1\0\0\5\0\0\0text\0"
            database.execute("INSERT INTO messages VALUES (1, 1, 7, ?)", (text,))
        database.close()
        return path.read_bytes()


def _ros1_bag(compressed: bool) -> bytes:  # noqa: FBT001
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.bag")
        bag = Writer(path)
        if compressed:
            bag.set_compression(Writer.CompressionFormat.BZ2)
        with bag:
            text = bag.add_connection(
                "/text", "std_msgs/msg/String", msgdef="string data", md5sum="*"
            )
            for time in range(3):
                bag.write(text, time * 10**9, b"\4\0\0\0text")
        return path.read_bytes()


def _cvat_zip(mask: bytes | None = None) -> bytes:
    pixels = np.zeros((4, 4, 3), np.uint8)
    png = cv2.imencode(".png", pixels)[1].tobytes() if mask is None else mask
    return make.zipped(
        {"labelmap.txt": b"background:0,0,0::\n", "SegmentationClass/front_1.png": png}
    )


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tiny/manifest.json", json.dumps({"name": "tiny"}))
        archive.writestr("tiny/model.onnx", bytes(200))
    return buffer.getvalue()


_SMALL = {"model.onnx": bytes(1 << 20)}
_PACKED = partial(make.zeros, 6 * make.GIGABYTE)
_CHUNKS = tuple(partial(make.mcap_chunk, declared) for declared in (100, 200 << 20, 6 << 30))
_BOMBS: dict[str, tuple[Callable[[], bytes], ...]] = {
    "mcap": (*_CHUNKS, make.mcap_message),
    "db3": (make.recursive_view, make.computed_column),
    "ros1_bag": (make.ros1_chunk,),
    "packed_mcap": (_PACKED,),
    "packed_db3": (_PACKED,),
    "bundle_zip": (
        lambda: make.zipped({"model.onnx": bytes(100 << 20)}),
        partial(make.zipped, _SMALL, zipfile.ZIP_BZIP2),
        partial(make.zipped, _SMALL, zipfile.ZIP_LZMA),
    ),
    "cvat_zip": (
        lambda: _cvat_zip(make.picture(20000, 20000)),
        lambda: _cvat_zip(bytes(100 << 20)),
    ),
}
