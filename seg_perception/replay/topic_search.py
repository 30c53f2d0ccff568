"""Looks for the topics of a configuration in a bag, and keeps what is not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seg_perception.core.issue_kinds.clouds import WRONG_TYPE
from seg_perception.core.issue_kinds.inputs import NOT_RECORDED
from seg_perception.core.issue_log import Issue
from seg_perception.io.bag_message import TopicInfo
from seg_perception.outputs.own_topics import own_topics
from seg_perception.pipeline.unread_clouds import wrong_type

_SENSORS = ("camera.", "lidar.", "radar.")


class TopicSearch:
    """A search in one bag.

    Attributes:
        missing: what was asked for in vain.
    """

    def __init__(self, topics: Mapping[str, TopicInfo]) -> None:
        """Search among topics that have messages."""
        self._topics = topics
        self._own = own_topics({name: info.type for name, info in topics.items()})
        self.missing: list[Issue] = []

    def has(self, topic: str, types: Sequence[str]) -> bool:
        """Whether it is there, as one of these types."""
        return topic in self._topics and self._topics[topic].type in types

    def finds(self, topic: str, types: Sequence[str], group: str, field: str) -> bool:
        """Whether it is there; an issue where it is not.

        Args:
            topic: as configured.
            types: those that are read.
            group, field: of its parameter; the group of a sensor is its stream's name.
        """
        if self.has(topic, types):
            return True
        parameter = f"{group}.{field}"
        is_sensor = group.startswith(_SENSORS)
        name = group if is_sensor else ""
        if topic in self._topics:
            numbers = wrong_type(topic, [self._topics[topic].type], types, parameter)
            self.missing.append(Issue.of(WRONG_TYPE, name, **numbers))
            return False
        of_sensors = self._topics.keys() - self._own
        usable = ", ".join(t for t in sorted(of_sensors) if self._topics[t].type in types)
        self.missing.append(
            Issue.of(
                NOT_RECORDED,
                name,
                topic=topic,
                parameter=parameter,
                usable=usable or "none would do",
                otherwise=f", or {group}.enabled to false" if is_sensor else "",
            )
        )
        return False
