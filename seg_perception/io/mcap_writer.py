"""Writes MCAP files that RViz, Foxglove and `ros2 bag` read.

Chunks go to the disk as they fill, so that a writer that is killed leaves a file that can
be read up to its last chunk. A thread may compress and write them: the bytes are the same.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from seg_perception.core.background_work import (
    BackgroundWork,
    NoWorkers,
    Work,
    WorkAtOnce,
    Workers,
    WorkerThreads,
)
from seg_perception.core.errors import BagError, OutputError
from seg_perception.io import mcap_format as mcap
from seg_perception.io.bag_storage import bytes_of

LIBRARY = "seg_perception"
_CHUNK_BYTES = 1 << 20
_CHUNK_SPAN_NS = 1_000_000_000
_NEVER = (1 << 63) - 1
# Full chunks that may wait for the disk.
_WAITING = 4

_Packed = Callable[[], tuple[bytes | bytearray, int]]


@dataclass
class _Chunk:
    """Records on their way into the file.

    Attributes:
        records: their bytes.
        entries: of each channel the log times of its messages, and where they lie.
        start_ns, end_ns: first and last log time.
    """

    records: bytearray = field(default_factory=bytearray)
    entries: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    start_ns: int = _NEVER
    end_ns: int = 0


@dataclass(frozen=True)
class FileExtent:
    """What one file holds.

    Attributes:
        name: of the file.
        start_ns, end_ns: first and last log time.
        counts: messages by channel.
    """

    name: str
    start_ns: int
    end_ns: int
    counts: Counter[int]


class McapWriter:
    """One MCAP file under construction.

    A failed write (a full disk) raises once and for all: what was written stays.
    """

    def __init__(self, path: Path, compression: str = "zstd", *, threads: int = 0) -> None:
        """Create the file.

        Args:
            path: file that must not exist.
            compression: `zstd`, `lz4` or `none`.
            threads: how many compress, beside one that writes: quicker, but who is killed loses
                what waited for them, up to 4 chunks and one a thread. 0: the caller does all.

        Raises:
            BagError: the file exists or can't be created, or an unknown compression.
        """
        if compression not in mcap.COMPRESSORS:
            msg = f"bag compression: expected one of {list(mcap.COMPRESSORS)}, got {compression!r}"
            raise BagError(msg)
        self.path = path
        self.counts: Counter[int] = Counter()
        self.start_ns, self.end_ns = _NEVER, 0
        self._compression = compression
        self._schemas: list[mcap.Schema] = []
        self._channels: list[mcap.Channel] = []
        self._chunk_indexes: list[bytes] = []
        self._position = 0
        self._chunk = _Chunk()
        self._failure: str | None = None
        self._is_told = False
        try:
            self._file = path.open("xb", buffering=0)
        except OSError as error:
            msg = f"{path}: can't be created ({error.strerror}); choose another path"
            raise BagError(msg) from error
        self._put(mcap.MAGIC + mcap.record(mcap.HEADER, mcap.text("ros2") + mcap.text(LIBRARY)))
        self._chunks: Work = (
            BackgroundWork("write chunks", _WAITING + threads) if threads else WorkAtOnce()
        )
        self._compressors: Workers = (
            WorkerThreads("compress chunks", threads) if threads else NoWorkers()
        )

    @property
    def size(self) -> int:
        """Bytes in the file; what waits for the next chunk does not count."""
        self._chunks.wait()
        return self._position

    def extent(self) -> FileExtent:
        """What the file holds so far."""
        return FileExtent(self.path.name, self.start_ns, self.end_ns, self.counts)

    def add_schema(self, name: str, encoding: str, data: str) -> int:
        """Register a type; the number that stands for it."""
        schema = mcap.Schema(len(self._schemas) + 1, name, encoding, bytes_of(data))
        self._schemas.append(schema)
        self._chunk.records += mcap.schema_record(schema)
        return schema.id

    def add_channel(
        self, topic: str, schema_id: int, metadata: dict[str, str], encoding: str = "cdr"
    ) -> int:
        """Register a topic, of no schema where its number is 0; the number that stands for it."""
        channel = mcap.Channel(len(self._channels) + 1, schema_id, topic, encoding, metadata)
        self._channels.append(channel)
        self._chunk.records += mcap.channel_record(channel)
        return channel.id

    def write(self, channel_id: int, log_time_ns: int, data: bytes | memoryview) -> None:
        """Append one message.

        Raises:
            BagError: the disk refuses it, now or before.
        """
        self._check()
        if self._chunk.entries and abs(log_time_ns - self._chunk.start_ns) > _CHUNK_SPAN_NS:
            self._end_chunk()
        chunk = self._chunk
        chunk.entries.setdefault(channel_id, []).append((log_time_ns, len(chunk.records)))
        size = mcap.MESSAGE_PREFIX.size + len(data)
        sequence = self.counts[channel_id] & 0xFFFFFFFF
        chunk.records += mcap.RECORD_PREFIX.pack(mcap.MESSAGE, size)
        chunk.records += mcap.MESSAGE_PREFIX.pack(channel_id, sequence, log_time_ns, log_time_ns)
        chunk.records += data
        chunk.start_ns = min(chunk.start_ns, log_time_ns)
        chunk.end_ns = max(chunk.end_ns, log_time_ns)
        self.start_ns = min(self.start_ns, log_time_ns)
        self.end_ns = max(self.end_ns, log_time_ns)
        self.counts[channel_id] += 1
        if len(chunk.records) >= _CHUNK_BYTES:
            self._end_chunk()

    def flush(self) -> None:
        """Put everything written so far into the file, and wait until it lies there.

        Raises:
            BagError: the disk refuses it.
        """
        self._end_chunk()
        self._chunks.wait()
        self._check()

    def _end_chunk(self) -> None:
        """Let the chunk be written, and begin another."""
        if not self._chunk.records:
            return
        chunk, self._chunk = self._chunk, _Chunk()
        packed = self._compressors.start(partial(self._packed, chunk.records))
        self._chunks.order(partial(self._write, chunk, packed))

    def _packed(self, records: bytearray) -> tuple[bytes | bytearray, int]:
        """The payload of a chunk, and the checksum of its records."""
        return mcap.COMPRESSORS[self._compression](records), zlib.crc32(records)

    def _write(self, chunk: _Chunk, packed: _Packed) -> None:
        """What the disk refuses is told where the bag is filled: `_check`."""
        with suppress(OutputError):
            self._write_chunk(chunk, packed)

    def _write_chunk(self, chunk: _Chunk, packed: _Packed) -> None:
        start, end = (chunk.start_ns, chunk.end_ns) if chunk.entries else (0, 0)
        compression = "" if self._compression == "none" else self._compression
        records = chunk.records
        payload, checksum = packed()
        head = mcap.CHUNK_PREFIX.pack(start, end, len(records), checksum)
        head += mcap.text(compression) + struct.pack("<Q", len(payload))
        offset = self._position
        self._put(mcap.RECORD_PREFIX.pack(mcap.CHUNK, len(head) + len(payload)) + head, payload)
        length = self._position - offset
        indexes, index_offsets = self._message_indexes(chunk)
        self._put(indexes)
        self._chunk_indexes.append(
            struct.pack("<QQQQ", start, end, offset, length)
            + mcap.number_map("<HQ", index_offsets)
            + struct.pack("<Q", len(indexes))
            + mcap.text(compression)
            + struct.pack("<QQ", len(payload), len(records))
        )

    def close(self, metadata: dict[str, str]) -> None:
        """Finish the file.

        Args:
            metadata: what `ros2 bag` expects in the record named rosbag2.

        Raises:
            BagError: the disk refuses it.
        """
        if self._file.closed:
            return
        try:
            if not self._is_told:
                self.flush()
                self._finish(metadata)
        finally:
            self._chunks.close()
            self._compressors.close()
            self._file.close()
            self._failure = self._failure or f"{self.path}: is finished; open another bag"

    def _message_indexes(self, chunk: _Chunk) -> tuple[bytes, list[tuple[int, int]]]:
        """The index records of the chunk just written, and where each will lie."""
        records = b""
        offsets = []
        for channel_id, entries in chunk.entries.items():
            offsets.append((channel_id, self._position + len(records)))
            content = struct.pack("<H", channel_id) + mcap.number_map("<QQ", entries)
            records += mcap.record(mcap.MESSAGE_INDEX, content)
        return records, offsets

    def _finish(self, metadata: dict[str, str]) -> None:
        metadata_offset = self._position
        self._put(mcap.record(mcap.METADATA, mcap.text("rosbag2") + mcap.text_map(metadata)))
        metadata_index = struct.pack("<QQ", metadata_offset, self._position - metadata_offset)
        self._put(mcap.record(mcap.DATA_END, bytes(4)))
        groups = {
            mcap.SCHEMA: [mcap.schema_record(schema) for schema in self._schemas],
            mcap.CHANNEL: [mcap.channel_record(channel) for channel in self._channels],
            mcap.STATISTICS: [mcap.record(mcap.STATISTICS, self._statistics())],
            mcap.CHUNK_INDEX: [mcap.record(mcap.CHUNK_INDEX, c) for c in self._chunk_indexes],
            mcap.METADATA_INDEX: [
                mcap.record(mcap.METADATA_INDEX, metadata_index + mcap.text("rosbag2"))
            ],
        }
        self._put_summary(groups)

    def _put_summary(self, groups: dict[int, list[bytes]]) -> None:
        start = position = self._position
        summary, offsets = b"", b""
        for opcode, records in groups.items():
            group = b"".join(records)
            if group:
                offsets += mcap.record(
                    mcap.SUMMARY_OFFSET, struct.pack("<BQQ", opcode, position, len(group))
                )
            summary += group
            position += len(group)
        footer = mcap.RECORD_PREFIX.pack(mcap.FOOTER, mcap.FOOTER_CONTENT.size)
        footer += struct.pack("<QQ", start, position)
        crc = zlib.crc32(footer, zlib.crc32(summary + offsets))
        self._put(summary + offsets + footer + struct.pack("<I", crc) + mcap.MAGIC)

    def _statistics(self) -> bytes:
        start = 0 if self.start_ns == _NEVER else self.start_ns
        numbers = (len(self._schemas), len(self._channels), 0, 1, len(self._chunk_indexes))
        return struct.pack(
            "<QHIIIIQQ", sum(self.counts.values()), *numbers, start, self.end_ns
        ) + mcap.number_map("<HQ", sorted(self.counts.items()))

    def _check(self) -> None:
        """Raise, where the bag is filled, what stopped the writing of chunks."""
        if self._failure is not None:
            self._is_told = True
            raise OutputError(self._failure)

    def _put(self, *parts: bytes | bytearray) -> None:
        """Append to the file; unbuffered, so that a killed process loses nothing of it.

        After a failure nothing is appended: it would lie at the wrong place.
        """
        if self._failure is not None:
            raise OutputError(self._failure)
        try:
            for part in parts:
                rest = memoryview(part)
                while rest:
                    written = self._file.write(rest)
                    self._position += written
                    rest = rest[written:]
        except OSError as error:
            self._failure = (
                f"{self.path}: writing stopped at byte {self._position} ({error.strerror}); "
                "make room or choose another disk, what was written can be read"
            )
            raise OutputError(self._failure) from error
