"""Small inputs that hold, or claim to hold, more than any machine has."""

from __future__ import annotations

import bz2
import io
import sqlite3
import struct
import sys
import tempfile
import zipfile
import zlib
from functools import cache
from pathlib import Path

from rosbags.rosbag1 import Writer

from seg_perception.io import mcap_format as mcap

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

GIGABYTE = 1 << 30
_PIECE = bytes(1 << 24)
# One block of bzip2 holds 45 MB of zeros in 45 bytes.
_BZ2_ZEROS = bytes(45 << 20)
_BZ2_STREAMS = 170


@cache
def zeros(size: int) -> bytes:
    """One zstd frame of zeros; a gigabyte takes 32 KB."""
    packer = zstd.ZstdCompressor(level=1)
    pieces = [packer.compress(_PIECE) for _ in range(size // len(_PIECE))]
    return b"".join([*pieces, packer.flush()])


def mcap_chunk(declared: int, held: int = 6 * GIGABYTE) -> bytes:
    """An unfinished mcap file of one chunk."""
    payload = zeros(held)
    prefix = mcap.CHUNK_PREFIX.pack(0, 1, declared, 0) + mcap.text("zstd")
    content = prefix + struct.pack("<Q", len(payload)) + payload
    header = mcap.record(mcap.HEADER, mcap.text("ros2") + mcap.text(""))
    return mcap.MAGIC + header + mcap.record(mcap.CHUNK, content)


def mcap_message(held: int = 6 * GIGABYTE) -> bytes:
    """An unfinished mcap file of one message, as a recorder that compresses each writes it."""
    data = mcap.MAGIC + mcap.record(mcap.HEADER, mcap.text("ros2") + mcap.text(""))
    data += mcap.schema_record(mcap.Schema(1, "std_msgs/msg/String", "ros2msg", b"string data"))
    data += mcap.channel_record(mcap.Channel(1, 1, "/text", "cdr", {}))
    return data + mcap.record(mcap.MESSAGE, mcap.MESSAGE_PREFIX.pack(1, 0, 5, 5) + zeros(held))


def ros1_chunk() -> bytes:
    """A ROS 1 bag whose one chunk declares 100 bytes and holds 8 GB."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.bag")
        bag = Writer(path)
        bag.set_compression(Writer.CompressionFormat.BZ2)
        with bag:
            text = bag.add_connection("/a", "std_msgs/msg/String", msgdef="string data", md5sum="*")
            bag.write(text, 5, b"\4\0\0\0text")
        return _with_payload(path.read_bytes(), bz2.compress(_BZ2_ZEROS) * _BZ2_STREAMS)


def recursive_view() -> bytes:
    """A database whose table of messages is a view without an end."""
    without_end = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    columns = "SELECT i AS id, 1 AS topic_id, i AS timestamp, zeroblob(1000) AS data FROM n"
    return _database([f"CREATE VIEW messages AS {without_end} {columns}"])


def computed_column() -> bytes:
    """A database whose one message is computed, a gigabyte long, as it is read."""
    table = "CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INT, timestamp INT, data AS"
    rows = "INSERT INTO messages(topic_id, timestamp) VALUES (1, 5)"
    return _database([f"{table} (zeroblob(900000000)))", rows])


def picture(width: int, height: int, rows: int = 1000) -> bytes:
    """A black PNG file, as small as it can be; it ends after so many rows."""
    packer = zlib.compressobj(9)
    data = packer.compress(bytes(1 + width) * min(rows, height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_png_chunk, *zip(*chunks, strict=True)))


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def _database(statements: list[str]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.db3")
        with sqlite3.connect(path) as database:
            database.execute(
                "CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT, type TEXT, "
                "serialization_format TEXT, offered_qos_profiles TEXT)"
            )
            row = (1, "/text", "std_msgs/msg/String", "cdr", "")
            database.execute("INSERT INTO topics VALUES (?, ?, ?, ?, ?)", row)
            for statement in statements:
                database.execute(statement)
        database.close()
        return path.read_bytes()


def _with_payload(bag: bytes, payload: bytes) -> bytes:
    """A ROS 1 bag of one chunk that declares 100 bytes and has another payload."""
    head, rest = bag[:_BAG_HEAD], bag[_BAG_HEAD:]
    header_bytes = int.from_bytes(rest[:4], "little")
    header = rest[4 : 4 + header_bytes]
    at = header.index(b"size=") + len(b"size=")
    header = header[:at] + struct.pack("<I", 100) + header[at + 4 :]
    data_bytes = int.from_bytes(rest[4 + header_bytes : 8 + header_bytes], "little")
    tail = rest[8 + header_bytes + data_bytes :]
    at = head.index(b"index_pos=") + len(b"index_pos=")
    index = int.from_bytes(head[at : at + 8], "little") + len(payload) - data_bytes
    head = head[:at] + struct.pack("<Q", index) + head[at + 8 :]
    return head + rest[:4] + header + struct.pack("<I", len(payload)) + payload + tail


# The version line and the padded record of a ROS 1 bag's beginning.
_BAG_HEAD = len("#ROSBAG V2.0\n") + 4096


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
