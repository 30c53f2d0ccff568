"""camera_info, tf and odometry of a bag into the state that images and clouds are read with."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from seg_perception.config import Config
from seg_perception.config.input_topics import TF_STATIC, camera_info_topic
from seg_perception.core.errors import SegPerceptionError
from seg_perception.core.issue_log import IssueLog
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.pipeline.sensor_state import SensorState
from seg_perception.pipeline.transform_reader import Observe, TransformReader, at_once
from seg_perception.replay.inputs import Inputs


class BagState:
    """Takes the messages of a bag that are neither images nor clouds.

    Attributes:
        sensors: what is known so far.
    """

    def __init__(
        self, config: Config, inputs: Inputs, issues: IssueLog, observe: Observe = at_once
    ) -> None:
        """Start without anything; arguments as for `SensorState`, `inputs`: what is read."""
        self.sensors = SensorState(config, issues, observe)
        self._inputs = inputs
        self._issues = issues
        self._takers = self._make_takers()
        for name in inputs.images.values():
            self.sensors.expect_camera_info(name, camera_info_topic(config.cameras[name]))

    @property
    def topics(self) -> set[str]:
        """What it takes."""
        return set(self._takers)

    def read_ahead(self, bag: BagReader) -> None:
        """Take what holds for the whole bag: static transforms, and the first lenses.

        What is amiss with them is said when the pass over the bag meets them again.
        """
        for topic in {**self._inputs.lenses, **self._inputs.depth_lenses}:
            for message in bag.messages({topic}):
                self.take(message)
                break
        if TF_STATIC in self._inputs.transforms:
            silent = TransformReader(self.sensors.transforms.tree, IssueLog())
            for message in bag.messages({TF_STATIC}):
                if (decoded := _decoded(message, IssueLog())) is not None:
                    silent.read(TF_STATIC, decoded, static=True)

    def take(self, message: BagMessage) -> None:
        """Take a message of one of `topics`."""
        decoded = _decoded(message, self._issues)
        if decoded is not None:
            self._takers[message.topic](decoded)

    def _make_takers(self) -> dict[str, Callable[[Any], Any]]:
        inputs, read = self._inputs, self.sensors.transforms
        takers: dict[str, Callable[[Any], Any]] = {}
        for topic in {**inputs.lenses, **inputs.depth_lenses}:
            takers[topic] = partial(self._take_lens, topic)
        for topic in inputs.transforms:
            takers[topic] = partial(read.read, topic, static=topic == TF_STATIC)
        if inputs.odometry:
            takers[inputs.odometry] = partial(read.read_odometry, inputs.odometry)
        return takers

    def _take_lens(self, topic: str, message: Any) -> None:
        """One lens may be that of pictures and depths."""
        for camera in self._inputs.lenses.get(topic, ()):
            self.sensors.take_camera_info(camera, message)
        for camera in self._inputs.depth_lenses.get(topic, ()):
            self.sensors.take_depth_camera_info(camera, message)


def _decoded(message: BagMessage, issues: IssueLog) -> Any:
    """The message; None where its bytes do not fit its type."""
    try:
        return message.message
    except SegPerceptionError as error:
        issues.add_error(message.topic, error)
        return None
