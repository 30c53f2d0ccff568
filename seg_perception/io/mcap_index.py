"""What an MCAP file holds, and where: by its summary, or record by record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from seg_perception.io import mcap_format as mcap

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


def read_summary(file: BinaryIO) -> Index | None:
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
    for opcode, _, content in split(summary):
        if opcode == mcap.CHUNK_INDEX:
            index.blocks.append(_parse_chunk_index(content, size))
        elif opcode == mcap.STATISTICS:
            message_count = _parse_counts(content, index.counts)
        else:
            index.add_definition(opcode, content)
    if sum(block.length for block in index.blocks) > size:
        msg = "the index names parts of the file several times"
        raise mcap.McapError(msg)
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


def add_message(index: Index, offset: int, length: int, prefix: bytes) -> None:
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


def split(records: memoryview) -> Iterator[tuple[int, int, memoryview]]:
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


def iterate(file: BinaryIO) -> Iterator[tuple[int, int, int]]:
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
