"""What the numbers in a recording's labels mean, as the recording tells."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from seg_perception.core.errors import SegPerceptionError
from seg_perception.core.ontology import Ontology
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.messages import LabelInfo, stamp_to_ns
from seg_perception.io.perception_messages import SemanticLegend

# Steps of the hue that come near each other only after many classes.
_GOLDEN = 0.618033988749895


@dataclass(frozen=True)
class Legend:
    """Names and colours of classes from a time on.

    Attributes:
        stamp_ns: when they came into force.
        ontology: the classes.
        unknown_id: of pixels and points without a label.
    """

    stamp_ns: int
    ontology: Ontology
    unknown_id: int

    @classmethod
    def of(cls, ontology: Ontology) -> Legend:
        """A legend that holds at all times."""
        return cls(0, ontology, ontology.unknown_id)


@dataclass(frozen=True)
class Legends:
    """All that a recording tells.

    Attributes:
        entries: one after the other came into force; empty where nothing is told.
        note: what a reader should know of them; may be empty.
    """

    entries: tuple[Legend, ...]
    note: str = ""

    @property
    def names(self) -> Mapping[int, str]:
        """Names by id, of the last one."""
        return self.entries[-1].ontology.names if self.entries else {}


def read_legends(bag: BagReader) -> Legends:
    """The legends of a bag, in the order of time; class names alone where it has none.

    Raises:
        BagError: the bag is damaged.
    """
    for type_name, read in ((SemanticLegend.type_name, _legend), (LabelInfo.type_name, _names)):
        topics = sorted(t.name for t in bag.topics if t.type == type_name and t.count)
        found = {topic: list(_different(_read(bag, topic, read))) for topic in topics}
        told = {topic: legends for topic, legends in found.items() if legends}
        if told:
            first = next(iter(told))
            return Legends(tuple(told[first]), _disagreement(told, first))
    return Legends(())


def _disagreement(told: Mapping[str, list[Legend]], first: str) -> str:
    meanings = {topic: [entry.ontology for entry in found] for topic, found in told.items()}
    others = [topic for topic, meaning in meanings.items() if meaning != meanings[first]]
    if not others:
        return ""
    return f"{', '.join(others)} tells other classes than {first}, which names all that is shown"


def _read(bag: BagReader, topic: str, read: Any) -> Iterator[Legend]:
    for message in bag.messages({topic}):
        with suppress(SegPerceptionError):
            yield read(message.message)


def _different(legends: Iterable[Legend]) -> Iterator[Legend]:
    """A legend that says again what the one before it said tells nothing."""
    last: Legend | None = None
    for legend in legends:
        if last is None or legend.ontology != last.ontology:
            yield legend
        last = legend


def _legend(message: Any) -> Legend:
    classes = [
        {"id": int(c.id), "name": str(c.name), "color": "#" + bytes(c.color_rgb).hex()}
        for c in message.classes
    ]
    name = str(message.ontology) or SemanticLegend.type_name
    ontology = Ontology.parse({"name": name, "classes": classes}, name)
    return Legend(stamp_to_ns(message.header.stamp), ontology, int(message.unknown_id))


def _names(message: Any) -> Legend:
    """Names without colours: some are made, far from each other."""
    classes = [
        {"id": int(c.class_id), "name": str(c.class_name), "color": _color(int(c.class_id))}
        for c in message.class_map
    ]
    ontology = Ontology.parse({"name": LabelInfo.type_name, "classes": classes}, "class names")
    return Legend(stamp_to_ns(message.header.stamp), ontology, ontology.unknown_id)


def _color(class_id: int) -> str:
    red, green, blue = colorsys.hsv_to_rgb(class_id * _GOLDEN % 1, 0.65, 0.95)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
