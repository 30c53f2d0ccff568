"""Which topics of a bag are the truth, and of which stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from seg_perception.config import Config
from seg_perception.core.errors import ConfigError, EvaluationError
from seg_perception.core.message_accounting import stream
from seg_perception.evaluation.ground_truth import TRUTH_FIELDS
from seg_perception.evaluation.job import StreamGroundTruth, StreamKind
from seg_perception.inspection.facts import BagFacts, TopicFacts
from seg_perception.io.cloud_labels import LABEL_FIELDS

AUTO = "auto"
_WORDS = ("truth", "ground", "gt", "label", "annotation")
_ENCODINGS = ("mono8", "mono16", "8UC1", "16UC1")
_OURS = "/semantic/"


def core_streams(config: Config) -> list[StreamGroundTruth]:
    """The streams of a bag that goes through the core, with their inputs; no truth yet."""
    streams = [
        StreamGroundTruth(stream=stream("camera", n), kind="image", labels=c.image_topic, truth="")
        for n, c in config.cameras.items()
    ]
    streams += [
        StreamGroundTruth(stream=stream("lidar", n), kind="lidar", labels=sensor.topic, truth="")
        for n, sensor in config.lidars.items()
    ]
    streams += [
        StreamGroundTruth(stream=stream("radar", n), kind="radar", labels=sensor.topic, truth="")
        for n, sensor in config.radars.items()
    ]
    return streams


def recorded_streams(facts: BagFacts) -> list[StreamGroundTruth]:
    """The streams of a bag that was labelled before: what ends as our topics do."""
    found = []
    for topic in facts.topics.values():
        if topic.name.endswith(("/semantic/label_image", "/semantic/label_image/compressed")):
            name = stream("camera", _owner(topic.name))
            found.append(StreamGroundTruth(stream=name, kind="image", labels=topic.name, truth=""))
        elif topic.name.endswith("/semantic/points") and topic.cloud is not None:
            kind: StreamKind = "radar" if "radar" in topic.name else "lidar"
            name = stream(kind, _owner(topic.name))
            found.append(StreamGroundTruth(stream=name, kind=kind, labels=topic.name, truth=""))
    unique: dict[str, StreamGroundTruth] = {}
    for entry in found:
        unique.setdefault(entry.stream, entry)
    return list(unique.values())


def assign_truth(
    streams: Sequence[StreamGroundTruth], facts: BagFacts, asked: Sequence[str]
) -> list[StreamGroundTruth]:
    """Give streams their truth: as asked, `STREAM=TOPIC` or `TOPIC`, or as found.

    Args:
        streams: without truth.
        facts: of the bag that has the truth.
        asked: empty or `auto`: find it.

    Returns:
        The streams that have a truth.

    Raises:
        ConfigError: a stream or topic that does not exist.
        EvaluationError: no stream has a truth.
    """
    named = dict(_asked(streams, facts, asked))
    if not named:
        named = {entry.stream: topic for entry in streams if (topic := _nearest(entry, facts))}
    found = [
        entry.model_copy(update={"truth": named[entry.stream]})
        for entry in streams
        if entry.stream in named
    ]
    if not found:
        raise EvaluationError(_nothing_found(streams, facts))
    return found


def _asked(
    streams: Sequence[StreamGroundTruth], facts: BagFacts, asked: Sequence[str]
) -> Iterator[tuple[str, str]]:
    known = {entry.stream: entry for entry in streams}
    for text in asked:
        if text == AUTO:
            continue
        name, equals, topic = text.rpartition("=")
        if topic not in facts.topics:
            msg = f"--truth {text}: {facts.path} has no topic {topic}\n{_listed(streams, facts)}"
            raise ConfigError(msg)
        if equals and name not in known:
            msg = f"--truth {text}: no stream {name}, expected one of {sorted(known)}"
            raise ConfigError(msg)
        yield name if equals else _owner_of(topic, streams, facts), topic


def _owner_of(topic: str, streams: Sequence[StreamGroundTruth], facts: BagFacts) -> str:
    """The stream of the topic's kind that has the most of its name."""
    is_cloud = facts.topics[topic].cloud is not None
    candidates = [entry for entry in streams if (entry.kind != "image") == is_cloud]
    if not candidates:
        what = "cloud" if is_cloud else "image"
        msg = f"--truth {topic}: no stream of its kind ({what}) among {[e.stream for e in streams]}"
        raise ConfigError(msg)
    return max(candidates, key=lambda entry: _common(entry.labels, topic)).stream


def _nearest(entry: StreamGroundTruth, facts: BagFacts) -> str:
    """The topic that is its truth by kind, frame, name and place; empty where there is none."""
    labels = facts.topics.get(entry.labels)
    frame = labels.frame_id if labels is not None else ""

    def similarity(topic: TopicFacts) -> tuple[bool, int, str]:
        same_frame = frame != "" and topic.frame_id == frame
        return same_frame, _common(entry.labels, topic.name), topic.name

    candidates = [
        topic
        for topic in facts.topics.values()
        if topic.count and _could_be(topic, entry) and any(similarity(topic)[:2])
    ]
    return max(candidates, key=similarity).name if candidates else ""


def _could_be(topic: TopicFacts, entry: StreamGroundTruth) -> bool:
    if _OURS in topic.name:
        return False
    telling = any(word in topic.name.lower() for word in _WORDS)
    if entry.kind == "image":
        image = topic.image
        return image is not None and telling and image.encoding in _ENCODINGS
    if topic.cloud is None or not set(topic.cloud.fields) & set(TRUTH_FIELDS):
        return False
    # The sensor's own cloud may carry its truth.
    return telling or topic.name == entry.labels or _OURS in entry.labels


def _common(first: str, second: str) -> int:
    """How many leading parts of their names two topics share."""
    count = 0
    for one, other in zip(first.strip("/").split("/"), second.strip("/").split("/"), strict=False):
        if one != other:
            break
        count += 1
    return count


def _owner(topic: str) -> str:
    """The sensor's name in `/camera/front/semantic/…`."""
    return topic.partition(_OURS)[0].strip("/").rpartition("/")[2] or "main"


def _nothing_found(streams: Sequence[StreamGroundTruth], facts: BagFacts) -> str:
    return (
        f"{facts.path}: no truth found for {', '.join(entry.stream for entry in streams)}; "
        f"name its topics:\n{_listed(streams, facts)}"
    )


def _listed(streams: Sequence[StreamGroundTruth], facts: BagFacts) -> str:
    """Paste-ready options for every topic that could hold labels."""
    lines = []
    for topic in facts.topics.values():
        cloud = topic.cloud is not None and set(topic.cloud.fields) & set(LABEL_FIELDS)
        image = topic.image is not None and topic.image.encoding in _ENCODINGS
        if cloud or image:
            owners = [e.stream for e in streams if (e.kind != "image") == bool(cloud)]
            lines += [f"  --truth {owner}={topic.name}" for owner in owners]
    return "\n".join(lines) or "  (none of its topics holds labels; --truth-bag names another bag)"


def pictures_of(streams: Sequence[StreamGroundTruth], facts: BagFacts) -> Mapping[str, str]:
    """Image topics beside recorded labels, by stream."""
    found = {}
    for entry in streams:
        namespace = entry.labels.partition(_OURS)[0]
        names = [
            topic.name
            for topic in facts.images
            if topic.count
            and topic.name.startswith(f"{namespace}/")
            and _OURS not in topic.name
            and topic.image is not None
            and topic.image.encoding not in _ENCODINGS
        ]
        if entry.kind == "image" and names:
            found[entry.stream] = min(names)
    return found
