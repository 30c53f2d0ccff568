"""What the labels mean, published before any label: legends and the names of classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from seg_perception.config import Config
from seg_perception.core.ontology import Ontology
from seg_perception.io.messages import Image, LabelInfo, Message
from seg_perception.io.perception_messages import SemanticLegend
from seg_perception.outputs.legend import label_info, legend, legend_picture
from seg_perception.outputs.publisher import Publisher
from seg_perception.outputs.topics import OutputTopic

_MAKERS: dict[str, Callable[[Ontology, int], Message]] = {
    SemanticLegend.type_name: legend,
    Image.type_name: legend_picture,
    LabelInfo.type_name: label_info,
}


class Descriptions:
    """Latched topics that say what the labels mean.

    Readers may need them before the first label: Nav2's semantic layer reads the names of the
    classes from memory that it has only after they came. So they are published by themselves.
    """

    def __init__(
        self,
        config: Config,
        ontology: Ontology,
        publisher: Publisher,
        topics: Iterable[OutputTopic],
    ) -> None:
        """Advertise those of the topics that the configuration asks for.

        Args:
            config: with colours in place of the ontology's.
            ontology: of the labels, with the colours that it was trained with.
            publisher: carries the messages away.
            topics: latched ones.

        Raises:
            ConfigError: colours of classes that do not exist, or a type that is needed and not
                installed.
        """
        self._publisher = publisher
        self._as_trained = ontology
        self._ontology = ontology.recolored(config.output.colors)
        self._topics = [topic for topic in topics if topic.enabled]
        for topic in self._topics:
            publisher.advertise(topic)

    def publish(self, now_ns: int) -> None:
        """Publish all of them; messages have this stamp."""
        self._publish(self._topics, now_ns)

    def recolor(self, config: Config, now_ns: int) -> None:
        """Publish anew what has colours.

        Raises:
            ConfigError: colours of classes that do not exist.
        """
        self._ontology = self._as_trained.recolored(config.output.colors)
        coloured = [t for t in self._topics if t.type_name != LabelInfo.type_name]
        self._publish(coloured, now_ns)

    def _publish(self, topics: Iterable[OutputTopic], now_ns: int) -> None:
        for topic in topics:
            if self._publisher.is_wanted(topic.name):
                message = _MAKERS[topic.type_name](self._ontology, now_ns)
                self._publisher.publish(topic.name, message, now_ns)
