"""What images and clouds are read with: lenses and transforms."""

from __future__ import annotations

from collections.abc import Callable

from seg_perception.config import Config
from seg_perception.config.input_topics import TF_STATIC
from seg_perception.core.errors import SegPerceptionError
from seg_perception.core.types import Calibration
from seg_perception.geometry.transforms import TransformTree
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.camera_info import decode_camera_info
from seg_perception.io.transforms import decode_odometry, decode_tf
from seg_perception.pipeline.issue_log import Notes
from seg_perception.replay.inputs import Inputs

OnStamp = Callable[[str, int], None]


class SensorState:
    """Follows camera_info and tf through a bag.

    Attributes:
        transforms: as far as they are known.
        lenses: the last one of each camera; None where it was refused.
    """

    def __init__(self, config: Config, inputs: Inputs) -> None:
        """Start without anything."""
        limits = config.transforms
        self.transforms = TransformTree(
            limits.buffer_s, limits.max_extrapolation_s, limits.max_interpolation_s
        )
        self.lenses: dict[str, Calibration | None] = {}
        self._inputs = inputs

    def read_ahead(self, bag: BagReader) -> None:
        """Take what holds for the whole bag: static transforms, and the first lenses.

        What is amiss with them is noted when the pass over the bag meets them again.
        """
        for topic in self._inputs.lenses:
            for message in bag.messages({topic}):
                self.take_lens(message, Notes())
                break
        if TF_STATIC in self._inputs.transforms:
            for message in bag.messages({TF_STATIC}):
                self.take_transforms(message, Notes(), lambda _frame, _stamp_ns: None)

    def take_lens(self, message: BagMessage, notes: Notes) -> None:
        """Take a camera_info."""
        calibration = None
        try:
            calibration = decode_camera_info(message.message)
        except SegPerceptionError as error:
            notes.add(message.topic, error)
        self.lenses.update(dict.fromkeys(self._inputs.lenses[message.topic], calibration))

    def take_transforms(self, message: BagMessage, notes: Notes, on_stamp: OnStamp) -> None:
        """Take a message of `/tf` or `/tf_static`.

        Args:
            message: what came.
            notes: where it is said that it is amiss.
            on_stamp: told frame and stamp of each moving transform before it is taken.
        """
        try:
            for edge in decode_tf(message.message):
                if message.topic == TF_STATIC:
                    self.transforms.set_static(edge.parent, edge.child, edge.T_parent_child)
                else:
                    on_stamp(f"tf {edge.child}", edge.stamp_ns)
                    self.transforms.set_timed(
                        edge.parent, edge.child, edge.stamp_ns, edge.T_parent_child
                    )
        except SegPerceptionError as error:
            notes.add(message.topic, error)

    def take_odometry(self, message: BagMessage, notes: Notes, on_stamp: OnStamp) -> None:
        """Take a pose of the odometry topic; arguments as for `take_transforms`."""
        try:
            edge = decode_odometry(message.message)
            on_stamp(f"odometry {edge.child}", edge.stamp_ns)
            self.transforms.set_odometry(
                edge.parent, edge.child, edge.stamp_ns, edge.T_parent_child
            )
        except SegPerceptionError as error:
            notes.add(message.topic, error)
