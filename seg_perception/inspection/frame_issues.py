"""What is amiss with the frames and stamps of a bag's sensors for a configuration."""

from __future__ import annotations

from collections.abc import Iterator

from seg_perception.config import Config
from seg_perception.core.issue_kinds.clocks import STAMPS_ZERO
from seg_perception.core.issue_log import Issue
from seg_perception.core.message_accounting import stream
from seg_perception.inspection.facts import BagFacts, TopicFacts
from seg_perception.pipeline.frame_diagnosis import (
    find_empty_frames,
    find_lone_transforms,
    find_namespaced_tf,
)
from seg_perception.pipeline.stamp_watch import BOOT_NS


def frame_issues(facts: BagFacts, config: Config) -> Iterator[Issue]:
    """Frames without a name, and transforms that are not where they should be."""
    sent = {name: topic.frame_id for name, topic in read_sensors(facts, config).items()}
    yield from find_empty_frames(config, sent)
    if config.cloud_sensors:
        yield from find_namespaced_tf({t.name: t.type for t in facts.topics.values() if t.count})
        until_ns = facts.transforms_until_ns
        yield from find_lone_transforms(config, sent, facts.tree, facts.parents, until_ns)


def stamp_issues(facts: BagFacts, config: Config) -> Iterator[Issue]:
    """Sensors that stamp nothing."""
    for name, topic in read_sensors(facts, config).items():
        if is_unstamped(topic):
            yield Issue.of(STAMPS_ZERO, name)


def is_unstamped(topic: TopicFacts) -> bool:
    """Whether the first stamp is 0 although the recording is not of a simulation's first moment."""
    return topic.stamp_ns == 0 and topic.log_time_ns > BOOT_NS


def read_sensors(facts: BagFacts, config: Config) -> dict[str, TopicFacts]:
    """By stream, the topics of the sensors whose first message could be read."""
    topics = {stream("camera", n): facts.topics[c.image_topic] for n, c in config.cameras.items()}
    topics |= {
        stream(kind, name): facts.topics[sensor.topic]
        for kind, sensors in config.clouds_by_kind
        for name, sensor in sensors.items()
    }
    return {name: topic for name, topic in topics.items() if topic.log_time_ns}
