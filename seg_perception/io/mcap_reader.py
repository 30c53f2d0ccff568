"""Reads MCAP files of ROS 2 and ROS 1, finished or not.

A finished file is opened by its summary. One whose recorder was killed has none: its
records are scanned once, and everything up to the first incomplete record is read.
Messages come chunk by chunk, so that memory does not grow with the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

from seg_perception.errors import BagError
from seg_perception.io import mcap_format as mcap
from seg_perception.io.bag_storage import (
    RawMessage,
    StoredTopic,
    is_latched,
    merge_by_time,
    ros2_type_name,
)

_RUN_BYTES = 1 << 20


@dataclass
class Block:
    """A part of the file that is read at once: a chunk, or a run of unchunked messages."""

    start_ns: int
    end_ns: int
    offset: int
    length: int
    channels: set[int] | None = field(default_factory=set)
    is_chunk: bool = True

    def may_hold(self, keys: Collection[int]) -> bool:
        """Whether messages of these channels can be in it; None of the channels: unknown."""
        return self.channels is None or not self.channels.isdisjoint(keys)


@dataclass
class Index:
    """What a file holds, and where."""

    schemas: dict[int, mcap.Schema] = field(default_factory=dict)
    channels: dict[int, mcap.Channel] = field(default_factory=dict)
    counts: Counter[int] = field(default_factory=Counter)
    blocks: list[Block] = field(default_factory=list)

    def add_definition(self, opcode: int, content: memoryview) -> None:
        """Take in a schema or a channel; other records are passed over."""
        if opcode == mcap.SCHEMA:
            schema = mcap.parse_schema(content)
            self.schemas[schema.id] = schema
        elif opcode == mcap.CHANNEL:
            channel = mcap.parse_channel(content)
            self.channels[channel.id] = channel


class McapStorage:
    """One MCAP file.

    Raises:
        BagError: the file can't be opened or is no MCAP file.
    """

    def __init__(self, path: Path) -> None:
        """Index the file."""
        self.path = path
        self.warnings: list[str] = []
        try:
            with path.open("rb") as file:
                self._index = self._read_index(file)
        except OSError as error:
            msg = f"{path}: expected a readable file, got {error.strerror}; check the path"
            raise BagError(msg) from error
        self.topics = [self._topic(channel) for channel in self._index.channels.values()]
        blocks = self._index.blocks
        self.start_ns = min((block.start_ns for block in blocks), default=0)
        self.end_ns = max((block.end_ns for block in blocks), default=0)

    def messages(self, keys: Collection[int]) -> Iterator[RawMessage]:
        """Messages of these channels in the order of their log times."""
        wanted = {topic.key: topic for topic in self.topics if topic.key in keys}
        with self.path.open("rb") as file:
            yield from merge_by_time(
                (block.start_ns, partial(self._block_messages, file, block, wanted))
                for block in self._index.blocks
                if block.may_hold(wanted)
            )

    def close(self) -> None:
        """Nothing is held open between calls."""

    def _read_index(self, file: BinaryIO) -> Index:
        if file.read(len(mcap.MAGIC)) != mcap.MAGIC:
            msg = f"{self.path}: expected an MCAP file, got other bytes or none; record it again"
            raise BagError(msg)
        try:
            index = _read_summary(file)
        except mcap.McapError as error:
            self.warnings.append(f"{self.path}: {error}; everything readable is read")
            index = None
        return index if index is not None else self._scan(file)

    def _scan(self, file: BinaryIO) -> Index:
        """Index the complete records of a file without a summary."""
        index = Index()
        file.seek(len(mcap.MAGIC))
        try:
            for opcode, offset, length in _records(file):
                if opcode == mcap.CHUNK:
                    self._scan_chunk(index, offset, memoryview(file.read(length)))
                elif opcode == mcap.MESSAGE:
                    _add_message(index, offset, length, file.read(mcap.MESSAGE_PREFIX.size))
                elif opcode in (mcap.SCHEMA, mcap.CHANNEL):
                    index.add_definition(opcode, memoryview(file.read(length)))
        except mcap.McapError as error:
            self.warnings.append(f"{self.path}: the recording stops early ({error})")
        return index

    def _scan_chunk(self, index: Index, offset: int, content: memoryview) -> None:
        header = mcap.parse_chunk_header(content)
        channels: set[int] = set()
        records = self._open_chunk(header, content)
        for opcode, _, inner in _split(records):
            if opcode == mcap.MESSAGE:
                channel, _ = mcap.parse_message(inner)
                index.counts[channel] += 1
                channels.add(channel)
            else:
                index.add_definition(opcode, inner)
        index.blocks.append(Block(header.start_ns, header.end_ns, offset, len(content), channels))

    def _open_chunk(self, header: mcap.ChunkHeader, content: memoryview) -> memoryview:
        """The records of a chunk; none, with a warning, where it is damaged."""
        payload = content[header.prefix_size : header.prefix_size + header.compressed_size]
        try:
            return mcap.decompress_chunk(header, payload)
        except mcap.McapError as error:
            self.warnings.append(f"{self.path}: {error}; its messages are left out")
            return memoryview(b"")

    def _block_messages(
        self, file: BinaryIO, block: Block, wanted: dict[int, StoredTopic]
    ) -> Iterator[RawMessage]:
        file.seek(block.offset)
        content = memoryview(file.read(block.length))
        found: list[RawMessage] = []
        try:
            if block.is_chunk:
                content = self._open_chunk(mcap.parse_chunk_header(content), content)
            for opcode, _, inner in _split(content):
                if opcode == mcap.MESSAGE:
                    channel, log_time_ns = mcap.parse_message(inner)
                    if channel in wanted:
                        data = inner[mcap.MESSAGE_PREFIX.size :]
                        found.append(RawMessage(log_time_ns, wanted[channel], data))
        except mcap.McapError as error:
            self.warnings.append(f"{self.path}: {error}; messages after it are left out")
        found.sort(key=itemgetter(0))
        return iter(found)

    def _topic(self, channel: mcap.Channel) -> StoredTopic:
        schema = self._index.schemas.get(channel.schema_id)
        return StoredTopic(
            key=channel.id,
            name=channel.topic,
            type=ros2_type_name(schema.name) if schema else "",
            encoding=channel.encoding,
            definition=schema.data.decode("utf-8", "replace") if schema else "",
            definition_format=schema.encoding if schema else "",
            count=self._index.counts[channel.id],
            latched=_is_latched(channel),
        )


def _is_latched(channel: mcap.Channel) -> bool:
    if channel.metadata.get("latching") == "1":
        return True
    return is_latched(channel.topic, channel.metadata.get("offered_qos_profiles"))


def _read_summary(file: BinaryIO) -> Index | None:
    """The index that a finished file ends with; None where it has no complete one.

    Raises:
        McapError: the file was never finished, or its summary is damaged.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - mcap.FOOTER_BYTES))
    tail = file.read()
    if not tail.endswith(mcap.MAGIC) or tail[0] != mcap.FOOTER or size < mcap.FOOTER_BYTES:
        msg = "the recording was never finished"
        raise mcap.McapError(msg)
    start, _, _ = mcap.FOOTER_CONTENT.unpack_from(tail, mcap.RECORD_PREFIX.size)
    if not 0 < start < size:
        return None
    file.seek(start)
    summary = memoryview(file.read(size - start - mcap.FOOTER_BYTES))
    index = Index()
    message_count = None
    for opcode, _, content in _split(summary):
        if opcode == mcap.CHUNK_INDEX:
            index.blocks.append(_parse_chunk_index(content, size))
        elif opcode == mcap.STATISTICS:
            message_count = _parse_counts(content, index.counts)
        else:
            index.add_definition(opcode, content)
    complete = (
        message_count is not None
        and all(key in index.channels for key in index.counts)
        and all(channel.schema_id in {0, *index.schemas} for channel in index.channels.values())
        and (index.blocks or not message_count)
    )
    return index if complete else None


def _parse_chunk_index(content: memoryview, file_size: int) -> Block:
    cursor = mcap.Cursor(content)
    start_ns, end_ns, offset, length = (cursor.number(8) for _ in range(4))
    prefix = mcap.RECORD_PREFIX.size
    if length < prefix or offset + length > file_size:
        msg = "the index points outside the file"
        raise mcap.McapError(msg)
    offsets = mcap.Cursor(cursor.blob())
    channels: set[int] = set()
    while offsets.position < len(offsets.data):
        channels.add(offsets.number(2))
        offsets.take(8)
    return Block(start_ns, end_ns, offset + prefix, length - prefix, channels or None)


def _parse_counts(content: memoryview, counts: Counter[int]) -> int:
    cursor = mcap.Cursor(content)
    message_count = cursor.number(8)
    cursor.take(2 + 4 * 4 + 2 * 8)
    pairs = mcap.Cursor(cursor.blob())
    while pairs.position < len(pairs.data):
        channel = pairs.number(2)
        counts[channel] = pairs.number(8)
    return message_count


def _add_message(index: Index, offset: int, length: int, prefix: bytes) -> None:
    """Take in an unchunked message, in the run before it where that is not too long."""
    channel, log_time_ns = mcap.parse_message(memoryview(prefix)[:length])
    index.counts[channel] += 1
    offset -= mcap.RECORD_PREFIX.size
    length += mcap.RECORD_PREFIX.size
    run = index.blocks[-1] if index.blocks else None
    follows = run is not None and not run.is_chunk and run.offset + run.length == offset
    if run is None or not follows or run.length > _RUN_BYTES:
        index.blocks.append(Block(log_time_ns, log_time_ns, offset, length, {channel}, False))
        return
    run.start_ns = min(run.start_ns, log_time_ns)
    run.end_ns = max(run.end_ns, log_time_ns)
    run.length += length
    run.channels = {channel, *(run.channels or ())}


def _split(records: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """The records in a stretch of bytes: opcode, offset of the content, content.

    Raises:
        McapError: the last record is incomplete.
    """
    position, total = 0, len(records)
    while position < total:
        if position + mcap.RECORD_PREFIX.size > total:
            msg = f"an incomplete record at byte {position} of {total}"
            raise mcap.McapError(msg)
        opcode, length = mcap.RECORD_PREFIX.unpack_from(records, position)
        start = position + mcap.RECORD_PREFIX.size
        position = start + length
        if position > total:
            msg = f"an incomplete record at byte {start} of {total}"
            raise mcap.McapError(msg)
        yield opcode, start, records[start:position]


def _records(file: BinaryIO) -> Iterator[tuple[int, int, int]]:
    """The records of a file from here to its data end: opcode, offset and length of the content.

    The file stands at the content; however much of it is read, the next record follows.

    Raises:
        McapError: the file ends before.
    """
    start = file.tell()
    size = file.seek(0, 2)
    file.seek(start)
    while True:
        prefix = file.read(mcap.RECORD_PREFIX.size)
        if len(prefix) < mcap.RECORD_PREFIX.size:
            msg = f"it ends at byte {size} without an end mark"
            raise mcap.McapError(msg)
        opcode, length = mcap.RECORD_PREFIX.unpack(prefix)
        offset = file.tell()
        if opcode in (mcap.DATA_END, mcap.FOOTER):
            return
        if not opcode or offset + length > size:
            msg = f"no complete record at byte {offset} of {size}"
            raise mcap.McapError(msg)
        yield opcode, offset, length
        file.seek(offset + length)
