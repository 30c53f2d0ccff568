"""Where a replay's results go: into a bag, or to whoever else wants them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Protocol

from seg_perception.config import Config
from seg_perception.core.background_work import NoWorkers, Work, WorkAtOnce, Workers
from seg_perception.core.errors import BagError, OutputError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import CameraFrame, LabelMap, SemanticCloud
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_writer import MessageWriter
from seg_perception.outputs.descriptions import Descriptions
from seg_perception.outputs.outputs import Outputs
from seg_perception.outputs.topics import (
    cloud_topics,
    description_topics,
    image_topics,
    output_topics,
    private,
)
from seg_perception.pipeline.semantic_mapper import SemanticMapper
from seg_perception.replay.bag_publisher import BagPublisher, PackedMessage


class Sink(Protocol):
    """Takes what a session makes, in the order of message time."""

    def write_legend(self, now_ns: int) -> None:
        """Called once, before anything else."""

    def write_label_map(self, label_map: LabelMap, frame: CameraFrame, now_ns: int) -> None:
        """A segmented image."""

    def write_cloud(self, semantic: SemanticCloud, now_ns: int) -> None:
        """A labelled cloud.

        Raises:
            CloudError: it can't be taken; it is counted as dropped.
        """

    def write_map(self, mapper: SemanticMapper, now_ns: int) -> bool:
        """The configuration's map, after every input; tells whether it was time to write it."""
        ...

    def pass_on(self, message: BagMessage) -> None:
        """Every message that was fed, after what was made of it."""


class WatchingSink:
    """What a sink does not do that writes nothing, but looks at what is made."""

    def write_legend(self, now_ns: int) -> None:
        """Nobody reads one here."""

    def write_map(self, mapper: SemanticMapper, now_ns: int) -> bool:
        """Nobody reads one here."""
        del mapper, now_ns
        return False

    def pass_on(self, message: BagMessage) -> None:
        """Nothing is copied."""


class BagSink:
    """The labelled bag under construction.

    Attributes:
        written: messages of our own by topic.
        left_out: inputs that can't be copied, and why.
    """

    def __init__(
        self,
        writer: MessageWriter,
        config: Config,
        ontology: Ontology,
        passed_on: Collection[str],
        workers: Workers | None = None,
        work: Work | None = None,
    ) -> None:
        """Advertise what the configuration asks for.

        Args:
            writer: the bag.
            config: which outputs there are.
            ontology: of the labels.
            passed_on: input topics that are copied; one that is an output too is not.
            workers: make the messages of label maps; None: the caller does.
            work: writes, in the order of message time; None: the caller does.
        """
        self._workers, self._work = workers or NoWorkers(), work or WorkAtOnce()
        self._publisher = publisher = BagPublisher(writer, self._work)
        self.written = publisher.written
        self.left_out: dict[str, str] = {}
        self._writer = writer
        self._outputs = Outputs(config, ontology, publisher)
        self._outputs.advertise((*image_topics(config), *cloud_topics(config)))
        topics = description_topics(config)
        self._descriptions = Descriptions(config, ontology, publisher, topics)
        self._passed_on = set(passed_on) - {private(t.name) for t in output_topics(config)}

    def write_legend(self, now_ns: int) -> None:
        """Say once what the labels mean."""
        self._descriptions.publish(now_ns)

    def write_label_map(self, label_map: LabelMap, frame: CameraFrame, now_ns: int) -> None:
        """Write everything that is made of one segmented image."""
        made = self._workers.start(partial(self._packed, label_map, frame))
        self._work.order(partial(self._write_made, made, now_ns))

    def write_cloud(self, semantic: SemanticCloud, now_ns: int) -> None:
        """Write what is made of a labelled cloud."""
        self._outputs.publish_cloud(semantic, now_ns)

    def write_map(self, mapper: SemanticMapper, now_ns: int) -> bool:
        """Write the map and its costmap once a period."""
        return self._outputs.publish_map(mapper, now_ns)

    def pass_on(self, message: BagMessage) -> None:
        """Copy an input as it is, if it is one of those to be copied.

        A topic that can't be copied, for instance one of an unknown ROS 1 type, is left
        out from then on.

        Raises:
            OutputError: the bag can't be written on.
        """
        if message.topic in self._passed_on:
            self._work.order(partial(self._copy, message))

    def finish(self) -> None:
        """Wait until all is written.

        Raises:
            OutputError: the bag can't be written on.
        """
        self._work.wait()

    def _packed(self, label_map: LabelMap, frame: CameraFrame) -> list[PackedMessage]:
        made = self._outputs.label_map_messages(label_map, frame.image)
        return [self._publisher.packed(topic, message) for topic, message in made]

    def _write_made(self, made: Callable[[], list[PackedMessage]], now_ns: int) -> None:
        self._publisher.write(made(), now_ns)

    def _copy(self, message: BagMessage) -> None:
        if message.topic not in self._passed_on:
            return
        try:
            self._writer.copy(message)
        except OutputError:
            raise
        except BagError as error:
            self._passed_on.remove(message.topic)
            self.left_out[message.topic] = str(error)
