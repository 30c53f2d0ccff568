"""Writes bags: one MCAP file, or a folder with a metadata.yaml beside it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import yaml

from seg_perception.errors import BagError
from seg_perception.io.interfaces import definition_of, shipped_types
from seg_perception.io.mcap_writer import McapWriter
from seg_perception.io.messages import Message
from seg_perception.io.ros_copy import copy_message

if TYPE_CHECKING:
    from typing_extensions import Self

    from seg_perception.io.bag import BagMessage

# The newest version whose QoS numbers Humble reads as well as everything after it.
_METADATA_VERSION = 8
_FOREVER = {"sec": 9223372036, "nsec": 854775807}
_LATCHED_DEPTH, _DEPTH = 100, 10


@dataclass(frozen=True)
class _Topic:
    """A topic of the bag under construction."""

    channel_id: int
    name: str
    type: str
    latched: bool
    type_hash: str


class BagWriter:
    """A bag under construction; used as a context it is finished at the end, come what may."""

    def __init__(self, path: str | Path, compression: str = "zstd") -> None:
        """Create the bag.

        Args:
            path: a file that ends in `.mcap`, or a folder; neither may exist.
            compression: `zstd`, `lz4` or `none`.

        Raises:
            BagError: it exists or can't be created, or an unknown compression.
        """
        self.path = Path(path)
        self._folder = None if self.path.suffix == ".mcap" else self.path
        self._topics: dict[str, _Topic] = {}
        self._schemas: dict[tuple[str, str], int] = {}
        try:
            (self._folder or self.path.parent).mkdir(parents=True, exist_ok=self._folder is None)
        except OSError as error:
            msg = f"{self.path}: can't be created ({error.strerror}); choose another path"
            raise BagError(msg) from error
        file = self.path if self._folder is None else self.path / f"{self.path.name}_0.mcap"
        self._mcap = McapWriter(file, compression)
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
        self.write_raw(
            topic, type_name, _serialize(topic, type_name, message), log_time_ns, latched
        )

    def write_raw(
        self,
        topic: str,
        type_name: str,
        cdr: bytes | memoryview,
        log_time_ns: int,
        latched: bool = False,  # noqa: FBT001, FBT002 (the last of what describes a message)
        definition: tuple[str, str] | None = None,
    ) -> None:
        """Append the bytes of a message that is serialised already.

        Args:
            topic, type_name: where, and what.
            cdr: the message with its 4 bytes of encapsulation.
            log_time_ns: when it was recorded.
            latched: late subscribers get it; of a topic's first message.
            definition: (format, text) of the type; None: as shipped.

        Raises:
            BagError: as `write`.
        """
        if not 0 <= log_time_ns < 1 << 63:
            msg = f"{topic}: expected a log time of 0 or more nanoseconds, got {log_time_ns}"
            raise BagError(msg)
        entry = self._topics.get(topic) or self._add_topic(
            topic, type_name, definition, latched=latched
        )
        if entry.type != type_name:
            msg = f"{topic}: expected {entry.type} as before, got {type_name}; use another topic"
            raise BagError(msg)
        self._mcap.write(entry.channel_id, log_time_ns, cdr)

    def copy(self, message: BagMessage, topic: str | None = None) -> None:
        """Append a message of another bag, undecoded where both sides serialise alike.

        Raises:
            BagError: as `write_message`.
        """
        name = topic or message.topic
        if message.encoding == "cdr":
            definition = (message.definition_format, message.definition)
            self.write_raw(
                name,
                message.type,
                message.raw,
                message.log_time_ns,
                message.latched,
                definition if message.definition else None,
            )
        else:
            self.write_message(
                name, message.type, message.message, message.log_time_ns, message.latched
            )

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
        metadata = self._metadata()
        # Without the file's own name: equal messages make equal files, whatever they are called.
        nameless = {**metadata, "relative_file_paths": [], "files": []}
        self._mcap.close({"serialized_metadata": yaml.safe_dump(nameless)})
        if self._folder is not None:
            self._write_metadata({"rosbag2_bagfile_information": metadata})

    def _add_topic(
        self, topic: str, type_name: str, definition: tuple[str, str] | None, *, latched: bool
    ) -> _Topic:
        shipped_text, type_hash = definition_of(type_name)
        encoding, text = definition or ("ros2msg" if shipped_text else "", shipped_text)
        schema_id = self._schemas.get((type_name, text))
        if schema_id is None:
            schema_id = self._mcap.add_schema(type_name, encoding, text)
            self._schemas[type_name, text] = schema_id
        if text != shipped_text:
            type_hash = ""
        channel_id = self._mcap.add_channel(
            topic,
            schema_id,
            {"offered_qos_profiles": _qos(latched=latched), "topic_type_hash": type_hash},
        )
        entry = self._topics[topic] = _Topic(channel_id, topic, type_name, latched, type_hash)
        return entry

    def _metadata(self) -> dict[str, Any]:
        """What `ros2 bag` wants to know of a bag."""
        count = sum(self._mcap.counts.values())
        start = {"nanoseconds_since_epoch": self._mcap.start_ns}
        duration = {"nanoseconds": max(0, self._mcap.end_ns - self._mcap.start_ns)}
        file = {
            "path": self._mcap.path.name,
            "starting_time": start,
            "duration": duration,
            "message_count": count,
        }
        return {
            "version": _METADATA_VERSION,
            "storage_identifier": "mcap",
            "duration": dict(duration),
            "starting_time": dict(start),
            "message_count": count,
            "topics_with_message_count": [self._topic_metadata(t) for t in self._topics.values()],
            "compression_format": "",
            "compression_mode": "",
            "relative_file_paths": [self._mcap.path.name],
            "files": [file],
            "custom_data": None,
            "ros_distro": "",
        }

    def _topic_metadata(self, topic: _Topic) -> dict[str, Any]:
        return {
            "topic_metadata": {
                "name": topic.name,
                "type": topic.type,
                "serialization_format": "cdr",
                "offered_qos_profiles": _qos(latched=topic.latched),
                "type_description_hash": topic.type_hash,
            },
            "message_count": self._mcap.counts[topic.channel_id],
        }

    def _write_metadata(self, metadata: dict[str, Any]) -> None:
        path = self.path / "metadata.yaml"
        try:
            path.write_text(yaml.safe_dump(metadata, sort_keys=False))
        except OSError as error:
            msg = f"{path}: can't be written ({error.strerror}); run `ros2 bag reindex` later"
            raise BagError(msg) from error


def _serialize(topic: str, type_name: str, message: Any) -> memoryview:
    """The message as CDR.

    Raises:
        BagError: an unknown type, a missing field, or a value that does not fit.
    """
    from rosbags.serde import SerdeError

    store = shipped_types()
    own = copy_message(message, type_name, store)
    try:
        return store.serialize_cdr(own, type_name)
    except (SerdeError, struct.error, AttributeError, TypeError, ValueError) as error:
        msg = f"{topic}: expected a message that fits {type_name}, got values that do not ({error})"
        raise BagError(msg) from error


def _qos(*, latched: bool) -> str:
    """The profile of one reliable publisher, in rosbag2's numbers."""
    profile = {
        "history": 1,
        "depth": _LATCHED_DEPTH if latched else _DEPTH,
        "reliability": 1,
        "durability": 1 if latched else 2,
        "deadline": dict(_FOREVER),
        "lifespan": dict(_FOREVER),
        "liveliness": 1,
        "liveliness_lease_duration": dict(_FOREVER),
        "avoid_ros_namespace_conventions": False,
    }
    text: str = yaml.safe_dump([profile], sort_keys=False)
    return text.strip()
