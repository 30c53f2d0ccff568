"""The records of an MCAP file (mcap.dev/spec): bytes to values and back.

Only what bags need. A record is an opcode byte, a 64-bit length, and the content;
numbers are little-endian, strings and maps are preceded by their 32-bit length in bytes.
"""

from __future__ import annotations

import struct
import sys
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import lz4.frame  # type: ignore[import-untyped]

from seg_perception.io.bounded import UnpackError, unpack

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAGIC = b"\x89MCAP0\r\n"
HEADER, FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK, MESSAGE_INDEX, CHUNK_INDEX = range(1, 9)
STATISTICS, METADATA, METADATA_INDEX, SUMMARY_OFFSET, DATA_END = 0x0B, 0x0C, 0x0D, 0x0E, 0x0F

RECORD_PREFIX = struct.Struct("<BQ")
MESSAGE_PREFIX = struct.Struct("<HIQQ")
CHUNK_PREFIX = struct.Struct("<QQQI")
FOOTER_CONTENT = struct.Struct("<QQI")
FOOTER_BYTES = RECORD_PREFIX.size + FOOTER_CONTENT.size + len(MAGIC)


class McapError(Exception):
    """Bytes that are not what the specification asks for."""


class Schema(NamedTuple):
    """The definition of a type."""

    id: int
    name: str
    encoding: str
    data: bytes


class Channel(NamedTuple):
    """A topic."""

    id: int
    schema_id: int
    topic: str
    encoding: str
    metadata: dict[str, str]


@dataclass(frozen=True)
class ChunkHeader:
    """What precedes the records of a chunk."""

    start_ns: int
    end_ns: int
    size: int
    crc: int
    compression: str
    compressed_size: int
    prefix_size: int


class Cursor:
    """Reads values one after the other.

    Raises:
        McapError: in every method, where the bytes end too early.
    """

    def __init__(self, data: bytes | memoryview) -> None:
        """Start at the first byte."""
        self.data = memoryview(data)
        self.position = 0

    def take(self, size: int) -> memoryview:
        """The next bytes."""
        end = self.position + size
        if end > len(self.data):
            msg = f"expected {size} bytes, got {len(self.data) - self.position}"
            raise McapError(msg)
        view = self.data[self.position : end]
        self.position = end
        return view

    def unpack(self, layout: struct.Struct) -> tuple[Any, ...]:
        """The next numbers."""
        return layout.unpack(self.take(layout.size))

    def number(self, size: int) -> int:
        """The next unsigned integer of so many bytes."""
        return int.from_bytes(self.take(size), "little")

    def blob(self) -> memoryview:
        """The next bytes that a 32-bit length precedes."""
        return self.take(self.number(4))

    def text(self) -> str:
        """The next string."""
        return bytes(self.blob()).decode("utf-8", "replace")

    def text_map(self) -> dict[str, str]:
        """The next map of strings to strings."""
        inner = Cursor(self.blob())
        result = {}
        while inner.position < len(inner.data):
            key = inner.text()
            result[key] = inner.text()
        return result


def parse_schema(content: memoryview) -> Schema:
    """Read a schema record."""
    cursor = Cursor(content)
    return Schema(cursor.number(2), cursor.text(), cursor.text(), bytes(cursor.blob()))


def parse_channel(content: memoryview) -> Channel:
    """Read a channel record."""
    cursor = Cursor(content)
    return Channel(
        cursor.number(2), cursor.number(2), cursor.text(), cursor.text(), cursor.text_map()
    )


def parse_message(content: memoryview) -> tuple[int, int]:
    """Channel and log time (nanosecond) of a message record."""
    if len(content) < MESSAGE_PREFIX.size:
        msg = f"expected a message of {MESSAGE_PREFIX.size} bytes or more, got {len(content)}"
        raise McapError(msg)
    channel, _, log_time_ns, _ = MESSAGE_PREFIX.unpack_from(content)
    return channel, log_time_ns


def parse_chunk_header(content: memoryview) -> ChunkHeader:
    """Read what precedes the records of a chunk."""
    cursor = Cursor(content)
    start_ns, end_ns, size, crc = cursor.unpack(CHUNK_PREFIX)
    compression = cursor.text()
    compressed_size = cursor.number(8)
    return ChunkHeader(start_ns, end_ns, size, crc, compression, compressed_size, cursor.position)


def decompress_chunk(header: ChunkHeader, payload: memoryview) -> memoryview:
    """The records of a chunk.

    Raises:
        McapError: an unknown compression, or a payload that is damaged or of another size.
    """
    if header.compression not in ("", "zstd", "lz4"):
        msg = f"expected chunks compressed with lz4 or zstd, got {header.compression!r}"
        raise McapError(msg)
    try:
        packed = header.compression
        records = unpack(packed, payload, header.size) if packed else payload
    except UnpackError as error:
        msg = f"a chunk is damaged ({error})"
        raise McapError(msg) from error
    if len(records) != header.size or (header.crc and zlib.crc32(records) != header.crc):
        msg = "a chunk is damaged (its size or checksum is wrong)"
        raise McapError(msg)
    return memoryview(records)


COMPRESSORS: dict[str, Callable[[bytes | bytearray], bytes | bytearray]] = {
    "none": lambda records: records,
    "zstd": lambda records: zstd.compress(records, level=1),
    "lz4": lambda records: bytes(lz4.frame.compress(records)),
}


def decompress_zstd(packed: bytes) -> bytes:
    """What `COMPRESSORS["zstd"]` of this process or one of its own packed."""
    return zstd.decompress(packed)


def text(value: str | bytes) -> bytes:
    """Length and bytes of a string."""
    raw = value.encode() if isinstance(value, str) else value
    return len(raw).to_bytes(4, "little") + raw


def text_map(values: Mapping[str, str]) -> bytes:
    """A map of strings to strings."""
    return text(b"".join(text(key) + text(value) for key, value in values.items()))


def record(opcode: int, content: bytes) -> bytes:
    """A whole record."""
    return RECORD_PREFIX.pack(opcode, len(content)) + content


def schema_record(schema: Schema) -> bytes:
    """A schema as a record."""
    return record(
        SCHEMA,
        struct.pack("<H", schema.id)
        + text(schema.name)
        + text(schema.encoding)
        + text(schema.data),
    )


def channel_record(channel: Channel) -> bytes:
    """A channel as a record."""
    return record(
        CHANNEL,
        struct.pack("<HH", channel.id, channel.schema_id)
        + text(channel.topic)
        + text(channel.encoding)
        + text_map(channel.metadata),
    )


def number_map(layout: str, pairs: Iterable[tuple[int, int]]) -> bytes:
    """A map of numbers to numbers, each pair packed by `layout`."""
    return text(b"".join(struct.pack(layout, *pair) for pair in pairs))
