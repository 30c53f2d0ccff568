"""What every kind of recording offers: its topics, and its messages as raw bytes."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from seg_perception.core.yaml_document import YamlError, parse_yaml

# What is decoded here; anything else can be copied.
ROS_ENCODINGS = ("cdr", "ros1")
_TRANSIENT_LOCAL = (1, "transient_local")


@dataclass(frozen=True)
class StoredTopic:
    """One topic of one file.

    Attributes:
        key: number of the topic inside its file.
        name: topic name.
        type: type in ROS 2 spelling, `sensor_msgs/msg/Image`; of an encoding that is not ROS's,
            the name of its schema, or nothing.
        encoding: `cdr` (ROS 2) or `ros1`; anything else can't be decoded.
        definition: text of the type with all it depends on; empty where not recorded. Of an
            encoding that is not ROS's, its bytes as `text_of` has them.
        definition_format: `ros2msg`, `ros1msg`, `ros2idl`, what another encoding has, or empty.
        count: number of messages.
        latched: late subscribers get the last messages (transient local).
    """

    key: int
    name: str
    type: str
    encoding: str
    definition: str
    definition_format: str
    count: int
    latched: bool


class RawMessage(NamedTuple):
    """One message as it was recorded."""

    log_time_ns: int
    topic: StoredTopic
    data: bytes | memoryview


class Storage(Protocol):
    """One recorded file."""

    path: Path
    topics: list[StoredTopic]
    start_ns: int
    end_ns: int
    warnings: list[str]

    def messages(self, keys: Collection[int], since_ns: int = 0) -> Iterator[RawMessage]:
        """Messages of the topics with these keys, in the order of their log times.

        Args:
            keys: of topics.
            since_ns: what is older is left out, as far as that is quicker than reading it.
        """

    def close(self) -> None:
        """Give back what is held."""


def merge_by_time(
    sources: Iterable[tuple[int, Callable[[], Iterator[RawMessage]]]],
) -> Iterator[RawMessage]:
    """Merge message streams by log time, opening each when its first message is due.

    Only streams that overlap in time are open together. Messages of one time keep the
    order of their sources.

    Args:
        sources: (a time not later than the first message, what opens the sorted stream).
    """
    waiting = sorted(enumerate(sources), key=lambda item: (item[1][0], item[0]), reverse=True)
    heap: list[tuple[int, int, RawMessage, Iterator[RawMessage]]] = []
    while waiting or heap:
        while waiting and (not heap or waiting[-1][1][0] <= heap[0][0]):
            order, (_, open_stream) = waiting.pop()
            stream = open_stream()
            for first in stream:
                heapq.heappush(heap, (first.log_time_ns, order, first, stream))
                break
        if not heap:
            continue
        _, order, message, stream = heapq.heappop(heap)
        yield message
        for following in stream:
            heapq.heappush(heap, (following.log_time_ns, order, following, stream))
            break


def text_of(schema: bytes) -> str:
    """A schema of any kind as text, which `bytes_of` makes the same bytes again."""
    return schema.decode("utf-8", "surrogateescape")


def bytes_of(definition: str) -> bytes:
    """The bytes of a definition."""
    return definition.encode("utf-8", "surrogateescape")


def ros2_type_name(name: str) -> str:
    """`sensor_msgs/Image`, as ROS 1 spells it, in ROS 2 spelling."""
    package, _, rest = name.partition("/")
    return f"{package}/msg/{rest}" if rest and "/" not in rest else name


def is_latched(topic: str, offered_qos_profiles: object) -> bool:
    """Whether a publisher offered transient local; `/tf_static` is so without a record."""
    profiles = offered_qos_profiles
    if isinstance(profiles, str):
        try:
            profiles = parse_yaml(profiles)
        except YamlError:
            profiles = None
    if not isinstance(profiles, list) or not profiles:
        return topic.rsplit("/", 1)[-1] == "tf_static"
    return any(
        isinstance(profile, dict) and profile.get("durability") in _TRANSIENT_LOCAL
        for profile in profiles
    )
