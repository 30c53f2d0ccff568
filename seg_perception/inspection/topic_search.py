"""Looks for the topics of a configuration in a bag, and keeps what is not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seg_perception.config.depth import parameter_of
from seg_perception.core.issue_kinds.clouds import WRONG_TYPE
from seg_perception.core.issue_kinds.inputs import NOT_RECORDED
from seg_perception.core.issue_log import Issue
from seg_perception.outputs.own_topics import own_topics
from seg_perception.pipeline.unread_clouds import wrong_type

_SENSORS = ("camera.", "lidar.", "radar.", "depth.")


class TopicSearch:
    """A search in one bag.

    Attributes:
        missing: what was asked for in vain.
    """

    def __init__(self, types: Mapping[str, str]) -> None:
        """Search among topics that have messages; `types` are those of their messages."""
        self._types = types
        self._own = own_topics(types)
        self.missing: list[Issue] = []

    def has(self, topic: str, types: Sequence[str]) -> bool:
        """Whether it is there, as one of these types."""
        return self._types.get(topic) in types

    def finds(self, topic: str, types: Sequence[str], group: str, field: str) -> bool:
        """Whether it is there; an issue where it is not.

        Args:
            topic: as configured.
            types: those that are read.
            group, field: of its parameter; the group of a sensor is its stream's name.
        """
        if self.has(topic, types):
            return True
        parameter = parameter_of(group, field)
        is_sensor = group.startswith(_SENSORS)
        name = group if is_sensor else ""
        if topic in self._types:
            numbers = wrong_type(topic, [self._types[topic]], types, parameter)
            self.missing.append(Issue.of(WRONG_TYPE, name, **numbers))
            return False
        of_sensors = self._types.keys() - self._own
        usable = ", ".join(t for t in sorted(of_sensors) if self._types[t] in types)
        self.missing.append(
            Issue.of(
                NOT_RECORDED,
                name,
                topic=topic,
                parameter=parameter,
                usable=usable or "none would do",
                otherwise=f", or {parameter_of(group, 'enabled')} to false" if is_sensor else "",
            )
        )
        return False
