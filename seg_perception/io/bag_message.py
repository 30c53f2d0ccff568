"""What a bag holds: its topics and its messages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from seg_perception.io.bag_storage import RawMessage
from seg_perception.io.interfaces import TypeCatalog


@dataclass(frozen=True)
class TopicInfo:
    """A topic of a bag.

    Attributes:
        name, type: its name, and its type in ROS 2 spelling.
        count: number of messages.
        latched: late subscribers get the last messages (transient local).
        encoding: `cdr` (ROS 2), `ros1`, or another, which can be copied only.
    """

    name: str
    type: str
    count: int
    latched: bool
    encoding: str


class BagMessage:
    """One message of a bag, decoded when it is first looked at.

    Attributes:
        topic, type: where it was published, and its type in ROS 2 spelling.
        log_time_ns: when it was recorded.
        latched: late subscribers get it.
        encoding: of `raw`: `cdr`, `ros1`, or another, which can be copied only.
        raw: the bytes as recorded.
        definition, definition_format: the type as the bag defines it; empty where it does not.
        decoded: what somebody made of the message ahead of its use, for instance pixels.
    """

    def __init__(self, raw: RawMessage, types: TypeCatalog, topic: str) -> None:
        """Wrap what was read, under the name that its topic goes by."""
        self.topic = topic
        self.type = raw.topic.type
        self.log_time_ns = raw.log_time_ns
        self.latched = raw.topic.latched
        self.encoding = raw.topic.encoding
        self.raw = raw.data
        self.definition = raw.topic.definition
        self.definition_format = raw.topic.definition_format
        self.decoded: Any = None
        self._stored = raw.topic
        self._types = types

    @cached_property
    def message(self) -> Any:
        """The decoded message: an object with the attributes of the ROS message.

        Raises:
            BagError: the type is not known, or the bytes do not fit it.
        """
        return self._types.decode(self._stored, self.raw)
