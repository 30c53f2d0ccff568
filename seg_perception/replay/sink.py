"""Where a replay's results go: into a bag, or to whoever else wants them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Protocol

from seg_perception.config import Config
from seg_perception.core.errors import BagError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import CameraFrame, LabelMap, SemanticCloud
from seg_perception.fusion.costs import cost_table
from seg_perception.fusion.voxel_map import Voxels
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.messages import Message
from seg_perception.outputs.costmap import Costmaps, obstacles_message
from seg_perception.outputs.map_points import map_message
from seg_perception.outputs.messages import (
    camera_outputs,
    cloud_output,
    label_info,
    legend,
    legend_picture,
)
from seg_perception.outputs.topics import (
    COSTMAP,
    LEGEND,
    LEGEND_IMAGE,
    MAP,
    CameraTopics,
    cloud_topic,
    obstacles_topic,
    private,
)


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

    def pass_on(self, message: BagMessage) -> None:
        """Every message that was fed, after what was made of it."""


class BagSink:
    """The labelled bag under construction.

    Attributes:
        written: messages of our own by topic.
        left_out: inputs that can't be copied, and why.
    """

    def __init__(
        self, writer: BagWriter, config: Config, ontology: Ontology, passed_on: Collection[str]
    ) -> None:
        """Remember the outputs' names.

        Args:
            writer: the bag.
            config: which outputs there are.
            ontology: of the labels.
            passed_on: input topics that are copied; one that is an output too is not.
        """
        self.written: Counter[str] = Counter()
        self.left_out: dict[str, str] = {}
        self._writer = writer
        self._config = config
        self._ontology = ontology
        self._cameras = {name: CameraTopics.of(c) for name, c in config.cameras.items()}
        sensors = {**config.lidars, **config.radars}
        self._clouds = {name: cloud_topic(sensor) for name, sensor in sensors.items()}
        outputs = {topic for topics in self._cameras.values() for topic in topics}
        outputs |= {*self._clouds.values(), private(LEGEND), private(LEGEND_IMAGE)}
        outputs |= {private(MAP), private(COSTMAP)}
        wanted = config.lidars.items() if config.costmap.obstacles else ()
        self._obstacles = {name: obstacles_topic(lidar) for name, lidar in wanted}
        self._costs = cost_table(config.costmap, ontology) if wanted else None
        self._costmaps = Costmaps(config, ontology) if config.costmap.grid else None
        outputs |= {*self._obstacles.values()}
        self._passed_on = set(passed_on) - outputs

    def write_legend(self, now_ns: int) -> None:
        """Say once what the labels mean."""
        explained = (
            (LEGEND, legend(self._ontology, now_ns)),
            (LEGEND_IMAGE, legend_picture(self._ontology, now_ns)),
        )
        for topic, message in explained:
            self._writer.write(private(topic), message, now_ns, latched=True)

    def write_label_map(self, label_map: LabelMap, frame: CameraFrame, now_ns: int) -> None:
        """Write everything that is made of one segmented image."""
        topics = self._cameras[label_map.camera]
        if topics.label_info not in self.written:
            info = label_info(self._ontology, label_map.stamp_ns, label_map.frame_id)
            self._write([(topics.label_info, info)], now_ns, latched=True)
        messages = camera_outputs(
            label_map, frame.image, self._ontology, self._config.output, topics
        )
        self._write(messages, now_ns)

    def write_cloud(self, semantic: SemanticCloud, now_ns: int) -> None:
        """Write a labelled cloud."""
        message = cloud_output(semantic, self._ontology, self._config.output)
        self._write([(self._clouds[semantic.sensor], message)], now_ns)
        topic = self._obstacles.get(semantic.sensor)
        if topic is not None and self._costs is not None:
            obstacles = obstacles_message(semantic, self._costs)
            self._write([(topic, obstacles)] if obstacles else [], now_ns)

    def write_map(self, voxels: Voxels, frame: str, now_ns: int) -> None:
        """Write the map as it is now."""
        message = map_message(voxels, self._ontology, frame)
        self._write([(private(MAP), message)], now_ns)
        costmap = self._costmaps.newest(voxels, frame) if self._costmaps else None
        self._write([(private(COSTMAP), costmap)] if costmap else [], now_ns)

    def pass_on(self, message: BagMessage) -> None:
        """Copy an input as it is, if it is one of those to be copied.

        A topic that can't be copied, for instance one of an unknown ROS 1 type, is left
        out from then on.
        """
        if message.topic not in self._passed_on:
            return
        try:
            self._writer.copy(message)
        except BagError as error:
            self._passed_on.remove(message.topic)
            self.left_out[message.topic] = str(error)

    def _write(
        self, messages: Iterable[tuple[str, Message]], now_ns: int, *, latched: bool = False
    ) -> None:
        for topic, message in messages:
            self._writer.write(topic, message, now_ns, latched)
            self.written[topic] += 1
