"""Clouds that are there and are not read: which, why, and what to run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from seg_perception.config.unread_clouds import converter, is_planar, is_unread_cloud
from seg_perception.core.issue_kinds.clouds import UNREAD_BESIDE, UNREAD_CLOUD
from seg_perception.core.issue_log import Issue


def unread_clouds(
    types: Mapping[str, str], problems: Mapping[str, str], read: Collection[str]
) -> Iterator[Issue]:
    """Topics with what a lidar or radar saw that are left out because they can't be read.

    Args:
        types: of all topics that have messages.
        problems: why the clouds of topics can't be decoded, where they can't.
        read: topics of the lidars and radars that are configured.
    """
    for topic, type_name in types.items():
        if topic in read:
            continue
        kind = UNREAD_BESIDE if read or is_planar(type_name) else UNREAD_CLOUD
        if is_unread_cloud(type_name):
            yield Issue.of(kind, topic, why=f"it carries {type_name}", remedy=converter(type_name))
        elif topic in problems:
            remedy = "let its driver publish x, y and z"
            yield Issue.of(kind, topic, why=problems[topic], remedy=remedy)


def unnamed_clouds(types: Mapping[str, str], read: Collection[str]) -> Iterator[Issue]:
    """Topics with what a lidar or radar saw that a configuration does not name, nor could read.

    Args:
        types: of all topics that have messages.
        read: topics that are named.
    """
    for topic, type_name in types.items():
        if topic not in read and is_unread_cloud(type_name) and not is_planar(type_name):
            why, remedy = f"it carries {type_name}", converter(type_name)
            yield Issue.of(UNREAD_BESIDE, topic, why=why, remedy=remedy)


def wrong_type(
    topic: str, types: Iterable[str], expected: Sequence[str], parameter: str
) -> dict[str, str]:
    """The numbers of a WRONG_TYPE: what the topic of a sensor carries, and what to run."""
    found = sorted(types)
    remedies = [text for text in map(converter, found) if text]
    return {
        "topic": topic,
        "types": " and ".join(found),
        "expected": " or ".join(expected),
        "remedy": remedies[0] if remedies else f"set {parameter} to a topic of such a type",
    }
