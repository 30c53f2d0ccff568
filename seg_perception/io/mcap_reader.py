"""Reads MCAP files of ROS 2 and ROS 1, finished or not.

A finished file is opened by its summary. One whose recorder was killed has none: its
records are scanned once, and everything up to the first incomplete record is read.
Messages come chunk by chunk, so that memory does not grow with the file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import IO, BinaryIO

from seg_perception.core.errors import BagError
from seg_perception.io import mcap_format as mcap
from seg_perception.io.bag_storage import (
    ROS_ENCODINGS,
    RawMessage,
    StoredTopic,
    is_latched,
    merge_by_time,
    ros2_type_name,
    text_of,
)
from seg_perception.io.index_cache import indexed
from seg_perception.io.mcap_index import Block, Index, add_message, iterate, read_summary, split

# Chunks that overlap in time are open together; of a recorder's, there are a few.
_MOST_OPEN_BYTES = 4 << 30


class McapStorage:
    """One MCAP file.

    Raises:
        BagError: the file can't be opened or is no MCAP file.
    """

    def __init__(self, path: Path, unpacked: IO[bytes] | None = None) -> None:
        """Index the file.

        Args:
            path: the recording.
            unpacked: what is in it, where that is packed; it is closed with the storage.
        """
        self.path = path
        self.warnings: list[str] = []
        self._unpacked = unpacked
        # Each pass needs a position of its own, so a file without a name is opened anew as well.
        self._source = Path(f"/proc/self/fd/{unpacked.fileno()}") if unpacked else path
        self._open_bytes = 0
        try:
            self._index, remarks = self._indexed() if unpacked else indexed(path, self._indexed)
            self.warnings.extend(remarks)
        except OSError as error:
            msg = f"{path}: expected a readable file, got {error.strerror}; check the path"
            raise BagError(msg) from error
        self.topics = [self._topic(channel) for channel in self._index.channels.values()]
        # A chunk of definitions alone dates from no time.
        blocks = [block for block in self._index.blocks if block.channels or block.end_ns]
        self.start_ns = min((block.start_ns for block in blocks), default=0)
        self.end_ns = max((block.end_ns for block in blocks), default=0)

    def messages(self, keys: Collection[int], since_ns: int = 0) -> Iterator[RawMessage]:
        """Messages of these channels in the order of their log times, of blocks that end later.

        Raises:
            BagError: the file can't be read any more, or too much of it overlaps in time.
        """
        wanted = {topic.key: topic for topic in self.topics if topic.key in keys}
        try:
            with self._source.open("rb") as file:
                yield from merge_by_time(
                    (block.start_ns, partial(self._block_messages, file, block, wanted))
                    for block in self._index.blocks
                    if block.may_hold(wanted) and block.end_ns >= since_ns
                )
        except OSError as error:
            msg = f"{self.path}: can't be read any more ({error.strerror}); is it still there?"
            raise BagError(msg) from error

    def close(self) -> None:
        """Nothing is held open between calls, but what was unpacked."""
        if self._unpacked is not None:
            self._unpacked.close()

    def _indexed(self) -> tuple[Index, tuple[str, ...]]:
        """The index, and what was found amiss on the way."""
        with self._source.open("rb") as file:
            index = self._read_index(file)
        remarks = tuple(self.warnings)
        self.warnings.clear()
        return index, remarks

    def _read_index(self, file: BinaryIO) -> Index:
        if file.read(len(mcap.MAGIC)) != mcap.MAGIC:
            msg = f"{self.path}: expected an MCAP file, got other bytes or none; record it again"
            raise BagError(msg)
        try:
            index = read_summary(file)
        except mcap.McapError as error:
            self.warnings.append(f"{self.path}: {error}; everything readable is read")
            index = None
        return index if index is not None else self._scan(file)

    def _scan(self, file: BinaryIO) -> Index:
        """Index the complete records of a file without a summary."""
        index = Index()
        file.seek(len(mcap.MAGIC))
        try:
            for opcode, offset, length in iterate(file):
                if opcode == mcap.CHUNK:
                    self._scan_chunk(index, offset, memoryview(file.read(length)))
                elif opcode == mcap.MESSAGE:
                    add_message(index, offset, length, file.read(mcap.MESSAGE_PREFIX.size))
                elif opcode in (mcap.SCHEMA, mcap.CHANNEL):
                    index.add_definition(opcode, memoryview(file.read(length)))
        except mcap.McapError as error:
            self.warnings.append(f"{self.path}: the recording stops early ({error})")
        return index

    def _scan_chunk(self, index: Index, offset: int, content: memoryview) -> None:
        header = mcap.parse_chunk_header(content)
        channels: set[int] = set()
        records = self._open_chunk(header, content)
        for opcode, _, inner in split(records):
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
            content = self._records(block, content)
            for opcode, _, inner in split(content):
                if opcode == mcap.MESSAGE:
                    channel, log_time_ns = mcap.parse_message(inner)
                    if channel in wanted:
                        data = inner[mcap.MESSAGE_PREFIX.size :]
                        found.append(RawMessage(log_time_ns, wanted[channel], data))
        except mcap.McapError as error:
            self.warnings.append(f"{self.path}: {error}; messages after it are left out")
        found.sort(key=itemgetter(0))
        return self._held(found, len(content))

    def _records(self, block: Block, content: memoryview) -> memoryview:
        """What a block holds, of a file that may have been cut since it was indexed."""
        if len(content) < block.length:
            msg = "the file was cut while it was read"
            raise mcap.McapError(msg)
        if not block.is_chunk:
            return content
        return self._open_chunk(mcap.parse_chunk_header(content), content)

    def _held(self, messages: list[RawMessage], size: int) -> Iterator[RawMessage]:
        """The messages of a block, whose memory counts until the last of them is taken."""
        self._open_bytes += size
        try:
            if self._open_bytes > _MOST_OPEN_BYTES:
                msg = (
                    f"{self.path}: more than {_MOST_OPEN_BYTES} bytes overlap in time; "
                    "sort the recording by `mcap sort`"
                )
                raise BagError(msg)
            yield from messages
        finally:
            self._open_bytes -= size

    def _topic(self, channel: mcap.Channel) -> StoredTopic:
        schema = self._index.schemas.get(channel.schema_id) or mcap.Schema(0, "", "", b"")
        is_ros = channel.encoding in ROS_ENCODINGS
        return StoredTopic(
            key=channel.id,
            name=channel.topic,
            type=ros2_type_name(schema.name) if is_ros else schema.name,
            encoding=channel.encoding,
            definition=schema.data.decode("utf-8", "replace") if is_ros else text_of(schema.data),
            definition_format=schema.encoding,
            count=self._index.counts[channel.id],
            latched=_is_latched(channel),
        )


def _is_latched(channel: mcap.Channel) -> bool:
    if channel.metadata.get("latching") == "1":
        return True
    return is_latched(channel.topic, channel.metadata.get("offered_qos_profiles"))
