"""Writes bags: one MCAP file, or a folder with a metadata.yaml beside it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import BagError
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_metadata import WrittenTopic, describe_bag, dump_yaml, qos_profiles
from seg_perception.io.interfaces import definition_of
from seg_perception.io.mcap_writer import FileExtent, McapWriter
from seg_perception.io.messages import Message
from seg_perception.io.ros_copy import serialize

if TYPE_CHECKING:
    from typing_extensions import Self


class MessageWriter(ABC):
    """Takes messages of every kind, and makes bytes of them."""

    @abstractmethod
    def write_raw(
        self,
        topic: str,
        type_name: str,
        cdr: bytes | memoryview,
        log_time_ns: int,
        latched: bool = False,  # noqa: FBT001, FBT002 (the last of what describes a message)
        definition: tuple[str, str] | None = None,
        encoding: str = "cdr",
    ) -> None:
        """Append the bytes of a message that is serialised already; as `BagWriter.write_raw`."""

    def write(
        self,
        topic: str,
        message: Message,
        log_time_ns: int,
        latched: bool = False,  # noqa: FBT001, FBT002 (as in write_raw)
    ) -> None:
        """Append one of our own messages.

        Raises:
            BagError: the disk refuses it, or the topic has another type already.
        """
        self.write_message(topic, message.type_name, message, log_time_ns, latched)

    def write_message(
        self,
        topic: str,
        type_name: str,
        message: Any,
        log_time_ns: int,
        latched: bool = False,  # noqa: FBT001, FBT002 (as in write_raw)
    ) -> None:
        """Append a message of any kind (rclpy, rosbags, ROS 1): its fields count, not its class.

        Raises:
            BagError: as `write`; a type that is not known here, or a field that is missing.
        """
        self.write_raw(topic, type_name, serialize(topic, type_name, message), log_time_ns, latched)

    def copy(self, message: BagMessage, topic: str | None = None) -> None:
        """Append a message of another bag, undecoded but where ROS 1 has to become ROS 2.

        What is not ROS's (JSON, protobuf, ...) keeps its bytes, its encoding and its schema.

        Raises:
            BagError: as `write_message`.
        """
        name = topic or message.topic
        time_ns, latched = message.log_time_ns, message.latched
        if message.encoding == "ros1":
            self.write_message(name, message.type, message.message, time_ns, latched)
            return
        definition = (message.definition_format, message.definition)
        known = definition if message.definition or message.encoding != "cdr" else None
        self.write_raw(name, message.type, message.raw, time_ns, latched, known, message.encoding)


class BagWriter(MessageWriter):
    """A bag under construction; used as a context it is finished at the end, come what may."""

    def __init__(
        self,
        path: str | Path,
        compression: str = "zstd",
        split_bytes: int | None = None,
        *,
        threads: int = 0,
    ) -> None:
        """Create the bag.

        Args:
            path: a file that ends in `.mcap`, or a folder; neither may exist.
            compression: `zstd`, `lz4` or `none`.
            split_bytes: begin another file of the folder when one has grown to this;
                None: all goes into one file.
            threads: how many compress, beside one that writes; a killed process loses more then.
                0: the caller does all.

        Raises:
            BagError: it exists or can't be created, an unknown compression, or a file that
                should be split.
        """
        self.path = Path(path)
        self._folder = None if self.path.suffix == ".mcap" else self.path
        self._compression, self._split_bytes = compression, split_bytes
        self._threads = threads
        self._topics: dict[str, WrittenTopic] = {}
        self._schemas: dict[tuple[str, str, str], int] = {}
        self._channels: list[tuple[str, int, dict[str, str], str]] = []
        self._finished: dict[str, FileExtent] = {}
        if split_bytes is not None and self._folder is None:
            msg = f"{path}: expected a folder for a bag of several files; leave out .mcap"
            raise BagError(msg)
        try:
            (self._folder or self.path.parent).mkdir(parents=True, exist_ok=self._folder is None)
        except OSError as error:
            msg = f"{self.path}: can't be created ({error.strerror}); choose another path"
            raise BagError(msg) from error
        self._mcap = self._open_file()
        self._closed = False

    def __enter__(self) -> Self:
        """Use as a context."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish the bag."""
        self.close()

    def write_raw(
        self,
        topic: str,
        type_name: str,
        cdr: bytes | memoryview,
        log_time_ns: int,
        latched: bool = False,  # noqa: FBT001, FBT002 (the last of what describes a message)
        definition: tuple[str, str] | None = None,
        encoding: str = "cdr",
    ) -> None:
        """Append the bytes of a message that is serialised already.

        Args:
            topic, type_name: where, and what.
            cdr: the message with its 4 bytes of encapsulation, or whatever `encoding` says.
            log_time_ns: when it was recorded.
            latched: late subscribers get it; of a topic's first message.
            definition: (format, text) of the type; None: as shipped.
            encoding: how it is serialised; of a topic's first message.

        Raises:
            BagError: as `write`.
        """
        if not 0 <= log_time_ns < 1 << 63:
            msg = f"{topic}: expected a log time of 0 or more nanoseconds, got {log_time_ns}"
            raise BagError(msg)
        entry = self._topics.get(topic) or self._add_topic(
            topic, type_name, definition, encoding, latched=latched
        )
        if (entry.type, entry.encoding) != (type_name, encoding):
            msg = (
                f"{topic}: expected {entry.type} ({entry.encoding}) as before, "
                f"got {type_name} ({encoding}); use another topic"
            )
            raise BagError(msg)
        if self._split_bytes is not None and self._mcap.size >= self._split_bytes:
            self._split()
        self._mcap.write(entry.channel_id, log_time_ns, cdr)

    def flush(self) -> None:
        """Put everything written so far into the file, where a reader finds it after a crash.

        Raises:
            BagError: the disk refuses it.
        """
        self._mcap.flush()

    def close(self) -> None:
        """Finish the bag; a second call does nothing.

        Raises:
            BagError: the disk refuses it.
        """
        if self._closed:
            return
        self._closed = True
        self._finish_file()
        if self._folder is not None:
            metadata = describe_bag(list(self._finished.values()), self._topics.values())
            self._write_metadata({"rosbag2_bagfile_information": metadata})

    def _open_file(self) -> McapWriter:
        """The next file, which knows all types and topics so far under their numbers."""
        name = f"{self.path.name}_{len(self._finished)}.mcap"
        file = self.path if self._folder is None else self.path / name
        mcap = McapWriter(file, self._compression, threads=self._threads)
        for schema in self._schemas:
            mcap.add_schema(*schema)
        for channel in self._channels:
            mcap.add_channel(*channel)
        return mcap

    def _finish_file(self) -> None:
        extent = self._mcap.extent()
        metadata = describe_bag([extent], self._topics.values())
        # Without the file's own name: equal messages make equal files, whatever they are called.
        nameless = {**metadata, "relative_file_paths": [], "files": []}
        self._mcap.close({"serialized_metadata": dump_yaml(nameless)})
        self._finished[extent.name] = extent

    def _split(self) -> None:
        """Go on in another file.

        metadata.yaml comes at the very end: where it is missing, readers take every file.
        """
        self._finish_file()
        self._mcap = self._open_file()

    def _add_topic(
        self,
        topic: str,
        type_name: str,
        definition: tuple[str, str] | None,
        encoding: str,
        *,
        latched: bool,
    ) -> WrittenTopic:
        shipped_text, type_hash = definition_of(type_name)
        format_name, text = definition or ("ros2msg" if shipped_text else "", shipped_text)
        schema_id = self._add_schema(type_name, format_name, text)
        if text != shipped_text or encoding != "cdr":
            type_hash = ""
        description = {
            "offered_qos_profiles": qos_profiles(latched=latched),
            "topic_type_hash": type_hash,
        }
        self._channels.append((topic, schema_id, description, encoding))
        channel_id = self._mcap.add_channel(*self._channels[-1])
        entry = WrittenTopic(channel_id, topic, type_name, latched, type_hash, encoding)
        self._topics[topic] = entry
        return entry

    def _add_schema(self, type_name: str, format_name: str, text: str) -> int:
        """The number of a type's schema; 0 for what has none."""
        schema = (type_name, format_name, text)
        if not any(schema):
            return 0
        if schema not in self._schemas:
            self._schemas[schema] = self._mcap.add_schema(*schema)
        return self._schemas[schema]

    def _write_metadata(self, metadata: dict[str, Any]) -> None:
        mend = "run `ros2 bag reindex` later"
        write_file(self.path / "metadata.yaml", dump_yaml(metadata), BagError, mend=mend)
