"""What `ros2 bag` wants to know of a bag: its metadata.yaml, in the oldest wording that serves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from seg_perception.io.mcap_writer import FileExtent

# The newest version whose QoS numbers Humble reads as well as everything after it.
_METADATA_VERSION = 8
_FOREVER = {"sec": 9223372036, "nsec": 854775807}
_LATCHED_DEPTH, _DEPTH = 100, 10


@dataclass(frozen=True)
class WrittenTopic:
    """A topic of a bag under construction.

    Attributes:
        channel_id: its number in the file.
        name, type: its name, and its type in ROS 2 spelling.
        latched: late subscribers get the last messages (transient local).
        type_hash: RIHS01 hash of the type; empty where it is not known.
        encoding: how its messages are serialised.
    """

    channel_id: int
    name: str
    type: str
    latched: bool
    type_hash: str
    encoding: str = "cdr"


def describe_bag(files: Sequence[FileExtent], topics: Iterable[WrittenTopic]) -> dict[str, Any]:
    """The content of `rosbag2_bagfile_information`."""
    counts = sum((file.counts for file in files), Counter[int]())
    return {
        "version": _METADATA_VERSION,
        "storage_identifier": "mcap",
        **_describe_extent(files),
        "topics_with_message_count": [
            _describe_topic(topic, counts[topic.channel_id]) for topic in topics
        ],
        "compression_format": "",
        "compression_mode": "",
        "relative_file_paths": [file.name for file in files],
        "files": [{"path": file.name, **_describe_extent([file])} for file in files],
        "custom_data": None,
        "ros_distro": "",
    }


def dump_yaml(content: Any) -> str:
    """YAML without references between its parts, which some readers do not follow."""
    return yaml.dump(content, Dumper=_PlainDumper, sort_keys=False)


def qos_profiles(*, latched: bool) -> str:
    """The profile of one reliable publisher, in rosbag2's numbers."""
    profile = {
        "history": 1,
        "depth": _LATCHED_DEPTH if latched else _DEPTH,
        "reliability": 1,
        "durability": 1 if latched else 2,
        "deadline": _FOREVER,
        "lifespan": _FOREVER,
        "liveliness": 1,
        "liveliness_lease_duration": _FOREVER,
        "avoid_ros_namespace_conventions": False,
    }
    return dump_yaml([profile]).strip()


class _PlainDumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _describe_extent(files: Sequence[FileExtent]) -> dict[str, Any]:
    start_ns = min(file.start_ns for file in files)
    end_ns = max(file.end_ns for file in files)
    return {
        "starting_time": {"nanoseconds_since_epoch": start_ns},
        "duration": {"nanoseconds": max(0, end_ns - start_ns)},
        "message_count": sum(file.counts.total() for file in files),
    }


def _describe_topic(topic: WrittenTopic, count: int) -> dict[str, Any]:
    return {
        "topic_metadata": {
            "name": topic.name,
            "type": topic.type,
            "serialization_format": topic.encoding,
            "offered_qos_profiles": qos_profiles(latched=topic.latched),
            "type_description_hash": topic.type_hash,
        },
        "message_count": count,
    }
