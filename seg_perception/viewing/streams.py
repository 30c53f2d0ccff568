"""Which topics of a bag are shown, and which of them together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from seg_perception.config.input_topics import base_topic, beside
from seg_perception.inspection.facts import BagFacts, TopicFacts
from seg_perception.inspection.names import name_sensors
from seg_perception.inspection.photographs import why_no_photograph
from seg_perception.io.cloud_labels import CONFIDENCE_FIELDS, LABEL_FIELDS
from seg_perception.outputs.topics import LEGEND_IMAGE
from seg_perception.viewing.picture_size import shown_size

_TRUE = {"truth", "ground_truth", "gt"}
_OF_LABELS = _TRUE | {"label", "labels", "label_image", "segmentation", "mask"}
_OURS = "semantic"
_DERIVED = _OF_LABELS | {_OURS, "confidence", "color", "overlay", "obstacles"}
_GREY = ("mono8", "mono16", "8UC1", "16UC1")
_LEGEND = LEGEND_IMAGE.rpartition("/")[2]


@dataclass(frozen=True)
class ImageView:
    """A picture and the labels that lie over it; one of the two may be missing.

    Attributes:
        name: of the view.
        picture, labels: topics; empty where there is none.
        width, height: at which both are shown (pixel).
        painted: the picture has the colours of the labels already.
    """

    name: str
    picture: str
    labels: str
    width: int
    height: int
    painted: bool = False


@dataclass(frozen=True)
class CloudView:
    """Clouds whose frames are connected.

    Attributes:
        frame: the root of their frames.
        shown: topics.
        hidden: topics that show the same again, without labels or with the true ones.
    """

    frame: str
    shown: tuple[str, ...]
    hidden: tuple[str, ...]


@dataclass(frozen=True)
class Views:
    """What the viewer shows side by side.

    Attributes:
        images, clouds: a view each.
        legend: whether anybody names the classes.
    """

    images: tuple[ImageView, ...]
    clouds: tuple[CloudView, ...]
    legend: bool


@dataclass(frozen=True)
class Streams:
    """What is shown of a bag.

    Attributes:
        images, clouds: the views.
        labelled: topics of clouds that carry class ids.
        foreign: topics whose class ids are not those of a model of ours, such as true labels: what
            a legend of the bag says need not hold for them.
        notes: which topics are not shown, and why.
    """

    images: tuple[ImageView, ...]
    clouds: tuple[CloudView, ...]
    labelled: frozenset[str]
    foreign: frozenset[str]
    notes: tuple[str, ...]


def find_streams(facts: BagFacts) -> Streams:
    """The views of a bag: one for each topic with labels, and for each picture without."""
    readable = [t for t in facts.images if t.image and not t.image.problem and not _is_legend(t)]
    labels = [topic for topic in readable if _holds_labels(topic)]
    raw = {topic.name for topic in labels}
    labels = [t for t in labels if base_topic(t.name) == t.name or base_topic(t.name) not in raw]
    others = [topic for topic in readable if topic.name not in raw]
    pictures = [t for t in others if not _words(t) & _DERIVED and not why_no_photograph(facts, t)]
    clouds = [topic for topic in facts.clouds if topic.cloud and not topic.cloud.problem]
    return Streams(
        images=tuple(_image_views(labels, pictures, others)),
        clouds=tuple(_cloud_views(facts, clouds)),
        labelled=frozenset(topic.name for topic in clouds if _is_labelled(topic)),
        foreign=frozenset(_foreign(labels, clouds)),
        notes=tuple(_left_out(facts)),
    )


def _foreign(labels: list[TopicFacts], clouds: list[TopicFacts]) -> Iterator[str]:
    for topic in labels:
        if _is_true(topic) or _OURS not in _words(topic):
            yield topic.name
    for topic in clouds:
        fields = set(topic.cloud.fields) if topic.cloud else set()
        if _is_labelled(topic) and (_is_true(topic) or not fields & set(CONFIDENCE_FIELDS)):
            yield topic.name


def _image_views(
    labels: list[TopicFacts], pictures: list[TopicFacts], others: list[TopicFacts]
) -> Iterator[ImageView]:
    used = set()
    short = _short_names(topic.name for topic in [*labels, *others])
    for topic in labels:
        overlay = next((t for t in others if t.name == beside(topic.name, "overlay")), None)
        photograph = _origin_among(pictures, topic.name)
        picture = photograph or overlay
        used.add(picture.name if picture else "")
        width, height = _size(picture or topic)
        name = picture.name if picture else ""
        painted = photograph is None and overlay is not None
        title = f"{short[topic.name]}: truth" if _is_true(topic) else short[topic.name]
        yield ImageView(title, name, topic.name, width, height, painted)
    roots = {beside(topic.name, "") for topic in labels}
    for topic in pictures + [t for t in others if t not in pictures and _is_painted(t, roots)]:
        if topic.name not in used:
            yield ImageView(short[topic.name], topic.name, "", *_size(topic))


def _short_names(topics: Iterable[str]) -> Mapping[str, str]:
    """A name for each topic: that of the sensor it comes of."""
    origins = {topic: _origin(topic) or topic for topic in topics}
    names = name_sensors(sorted({f"{origin}/image_raw" for origin in origins.values()}), "camera")
    return {topic: names[f"{origin}/image_raw"] for topic, origin in origins.items()}


def _cloud_views(facts: BagFacts, clouds: list[TopicFacts]) -> Iterator[CloudView]:
    ranked = sorted(
        clouds, key=lambda topic: (not _is_labelled(topic), _is_true(topic), topic.name)
    )
    shown: list[TopicFacts] = []
    for topic in ranked:
        same = [t for t in shown if t.frame_id == topic.frame_id and _same_origin(t, topic)]
        shown += [] if same else [topic]
    roots = {topic.name: facts.tree.ancestors(topic.frame_id)[-1] for topic in clouds}
    for root in sorted(set(roots.values())):
        here = [topic for topic in ranked if roots[topic.name] == root]
        yield CloudView(
            frame=root,
            shown=tuple(topic.name for topic in here if topic in shown),
            hidden=tuple(topic.name for topic in here if topic not in shown),
        )


def _left_out(facts: BagFacts) -> Iterator[str]:
    for topic in facts.images:
        if topic.image and topic.image.problem:
            yield f"{topic.name} is not shown: {topic.image.problem}"
        elif (why := why_no_photograph(facts, topic)) and not _holds_labels(topic):
            yield f"{topic.name} is not shown: it holds {why}"
    for topic in facts.clouds:
        if topic.cloud and topic.cloud.problem:
            yield f"{topic.name} is not shown: {topic.cloud.problem}"


def _holds_labels(topic: TopicFacts) -> bool:
    """Whether its images are class ids: grey by their encoding, and labels by their name."""
    encoding = topic.image.encoding.partition(";")[0].strip() if topic.image else ""
    leaf = base_topic(topic.name).rpartition("/")[2]
    return encoding in _GREY and bool(_words(topic) & _OF_LABELS) and leaf != "confidence"


def _is_legend(topic: TopicFacts) -> bool:
    return topic.name.rpartition("/")[2] == _LEGEND


def _is_painted(topic: TopicFacts, roots: set[str]) -> bool:
    """Whether it is an overlay, or labels in colours, that nothing else shows."""
    leaf = base_topic(topic.name).rpartition("/")[2]
    return leaf in ("overlay", "color") and beside(base_topic(topic.name), "") not in roots


def _is_labelled(topic: TopicFacts) -> bool:
    return topic.cloud is not None and bool(set(topic.cloud.fields) & set(LABEL_FIELDS))


def _is_true(topic: TopicFacts) -> bool:
    return bool(_words(topic) & _TRUE)


def _origin_among(pictures: Iterable[TopicFacts], derived: str) -> TopicFacts | None:
    """The picture that labels were made of: raw before compressed."""
    found = [topic for topic in pictures if _belongs(topic.name, _origin(derived))]
    return min(found, key=lambda t: (t.name != base_topic(t.name), t.name), default=None)


def _same_origin(one: TopicFacts, other: TopicFacts) -> bool:
    first, second = _origin(one.name), _origin(other.name)
    return first == second or _belongs(other.name, first) or _belongs(one.name, second)


def _origin(topic: str) -> str:
    """What stands before the word that says what was made: `/a/semantic/points` comes of `/a`."""
    parts = topic.split("/")
    at = next((n for n, part in enumerate(parts) if part.lower() in _DERIVED), len(parts) - 1)
    return "/".join(parts[:at])


def _belongs(topic: str, origin: str) -> bool:
    base = base_topic(topic)
    return origin in (base, base.rpartition("/")[0])


def _size(topic: TopicFacts) -> tuple[int, int]:
    """Width and height (pixel) at which its images are shown."""
    return shown_size(topic.image.width, topic.image.height) if topic.image else (1, 1)


def _words(topic: TopicFacts) -> set[str]:
    return set(topic.name.lower().strip("/").split("/"))
