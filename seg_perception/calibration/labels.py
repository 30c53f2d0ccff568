"""Where the labels of a bag's images come from: the bag itself, or the model."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

import numpy as np

from seg_perception.config import Config
from seg_perception.core.errors import BagError, CalibrationError
from seg_perception.core.types import CameraFrame, LabelMap
from seg_perception.geometry.calibration import scale_calibration
from seg_perception.inference.segmenter import Segmenter
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.images import decode_label_image
from seg_perception.io.messages import Image
from seg_perception.outputs.topics import CameraTopics


class LabelSource(Protocol):
    """Labels the images that are looked at."""

    @property
    def topics(self) -> Collection[str]:
        """What it reads from the bag."""
        ...

    def topic_of(self, camera: str) -> str:
        """Where a camera's label images are; empty where there are none."""
        ...

    def label_map(self, frame: CameraFrame, recorded: BagMessage | None) -> LabelMap:
        """The labels of an image.

        Args:
            frame: the image.
            recorded: the label image of its stamp, where the bag has one.

        Raises:
            SegPerceptionError: there are none.
        """
        ...


class RecordedLabels:
    """Label images of the bag."""

    def __init__(self, topics: Mapping[str, str]) -> None:
        """Take the topics by camera."""
        self._topics = dict(topics)

    @property
    def topics(self) -> Collection[str]:
        """What it reads from the bag."""
        return set(self._topics.values())

    def topic_of(self, camera: str) -> str:
        """Where a camera's label images are."""
        return self._topics.get(camera, "")

    def label_map(self, frame: CameraFrame, recorded: BagMessage | None) -> LabelMap:
        """The label image of the frame's stamp."""
        if recorded is None:
            topic = self.topic_of(frame.camera)
            msg = f"{topic or 'the bag'} has no label image of the stamp of an image"
            raise CalibrationError(msg)
        labels = decode_label_image(recorded.message)
        height, width = labels.shape
        calibration = frame.calibration and scale_calibration(frame.calibration, width, height)
        sure = np.full(labels.shape, 255, np.uint8)
        return LabelMap(frame.camera, labels, sure, frame.stamp_ns, frame.frame_id, calibration)


class ModelLabels:
    """What the model says of the images."""

    def __init__(self, segmenter: Segmenter) -> None:
        """Take a segmenter whose engine the caller closes."""
        self._segmenter = segmenter

    @property
    def topics(self) -> Collection[str]:
        """Nothing."""
        return ()

    def topic_of(self, camera: str) -> str:
        """Nowhere."""
        del camera
        return ""

    def label_map(self, frame: CameraFrame, recorded: BagMessage | None) -> LabelMap:
        """Segment the image."""
        del recorded
        return self._segmenter.segment(frame)


def label_topics(bag: BagReader, config: Config, named: Mapping[str, str]) -> dict[str, str]:
    """Label images of a bag by camera: those that are named, else those of an earlier replay.

    Raises:
        BagError: a named topic is not there, or carries no images; or a camera is not known.
    """
    images = {t.name for t in bag.topics if t.count and t.type == Image.type_name}
    for camera, topic in named.items():
        if camera not in config.cameras:
            msg = f"--labels {camera}={topic}: expected a camera of {list(config.cameras)}"
            raise BagError(msg)
        if topic not in images:
            msg = f"--labels {camera}={topic}: expected one of the image topics {sorted(images)}"
            raise BagError(msg)
    own = {name: CameraTopics.of(camera).label_image for name, camera in config.cameras.items()}
    return {**{name: topic for name, topic in own.items() if topic in images}, **named}
