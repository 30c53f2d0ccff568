"""Reads ROS 1 recordings (`.bag`)."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from seg_perception.core.errors import BagError
from seg_perception.io.bag_storage import RawMessage, StoredTopic
from seg_perception.io.bounded import UnpackError, unpack

if TYPE_CHECKING:
    from rosbags.interfaces import Connection


# What the library lets through, besides its own errors, when it reads damaged bytes.
_DAMAGE = (
    *(AssertionError, EOFError, IndexError, KeyError, MemoryError, OSError),
    *(OverflowError, RuntimeError, TypeError, ValueError, struct.error, UnpackError),
)


class Ros1Storage:
    """One ROS 1 bag.

    Raises:
        BagError: the file can't be opened, is damaged, or was never indexed.
    """

    def __init__(self, path: Path) -> None:
        """Read the index."""
        from rosbags.rosbag1 import Reader, ReaderError

        self.path = path
        self.warnings: list[str] = []
        self._reader = Reader(path)
        try:
            self._reader.open()
            self._bound_chunks()
        except (ReaderError, *_DAMAGE) as error:
            reason = str(error) or "its index is damaged"
            msg = f"{path}: expected an indexed ROS 1 bag ({reason}); try `rosbag reindex`"
            raise BagError(msg) from error
        self.topics = [_topic(connection) for connection in self._reader.connections]
        has_messages = self._reader.message_count > 0
        self.start_ns = self._reader.start_time if has_messages else 0
        self.end_ns = self._reader.end_time - 1 if has_messages else 0

    def messages(self, keys: Collection[int], since_ns: int = 0) -> Iterator[RawMessage]:
        """Messages of these connections in the order of their log times.

        Raises:
            BagError: a chunk is damaged.
        """
        from rosbags.rosbag1 import ReaderError

        wanted = {topic.key: topic for topic in self.topics if topic.key in keys}
        chosen = [c for c in self._reader.connections if c.id in wanted]
        if not chosen:
            return
        try:
            for connection, log_time_ns, data in self._reader.messages(chosen, since_ns or None):
                yield RawMessage(log_time_ns, wanted[connection.id], data)
        except (ReaderError, *_DAMAGE) as error:
            reason = str(error) or type(error).__name__
            msg = f"{self.path}: the recording is damaged ({reason}); what came before was read"
            raise BagError(msg) from error

    def _bound_chunks(self) -> None:
        """Let no chunk hold more than it declares; the library unpacks whatever comes out."""
        from rosbags.rosbag1.reader import Header, RecordType

        file = self._reader.bio
        if file is None:
            return
        for position, chunk in self._reader.chunks.items():
            file.seek(position)
            header = Header.read(file, RecordType.CHUNK)
            packing = header.get_string("compression"), header.get_uint32("size")
            self._reader.chunks[position] = chunk._replace(decompressor=partial(_bounded, *packing))

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._reader.bio is not None:
            self._reader.close()


def _bounded(compression: str, size: int, packed: bytes) -> bytes:
    """A chunk's records, which are as long as the chunk says.

    Raises:
        UnpackError: they are not.
    """
    if compression == "none":
        return packed
    return unpack(compression, packed, size)


def _topic(connection: Connection) -> StoredTopic:
    return StoredTopic(
        key=connection.id,
        name=connection.topic,
        type=connection.msgtype,
        encoding="ros1",
        definition=connection.msgdef.data,
        definition_format="ros1msg",
        count=connection.msgcount,
        latched=bool(getattr(connection.ext, "latching", None)),
    )
