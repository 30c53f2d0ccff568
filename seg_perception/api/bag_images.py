"""One pass over the images of a bag, with their lenses."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from seg_perception.api.bag_message import BagImage
from seg_perception.api.camera import Camera
from seg_perception.config import CameraConfig, Config
from seg_perception.config.input_topics import (
    TF_STATIC,
    TF_TYPES,
    base_topic,
    camera_info_topic,
)
from seg_perception.core.errors import (
    BagError,
    KeyFrameError,
    NoPictureError,
)
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.types import Calibration
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.messages import CameraInfo
from seg_perception.io.video import Decoded
from seg_perception.io.video_packets import is_video
from seg_perception.replay.bag_state import BagState
from seg_perception.replay.decoding import ImageDecoder, decode_still
from seg_perception.replay.inputs import Inputs


class BagImages:
    """Images and lenses in the order of the bag; topics are the names of cameras here."""

    def __init__(
        self,
        bag: BagReader,
        topics: Collection[str],
        camera_info: Mapping[str, str],
        issues: IssueLog,
    ) -> None:
        """Read the first lens of each topic.

        Args:
            bag: the recording.
            topics: of images.
            camera_info: topics of lenses by image topic, where they do not lie beside it.
            issues: told of messages without a picture, and of odd lenses.

        Raises:
            BagError: a named topic of lenses that the bag does not have.
        """
        self._issues = issues
        self._cameras = {
            topic: CameraConfig(
                image_topic=topic,
                camera_info_topic=camera_info.get(topic, ""),
                rectified="rect" in base_topic(topic).rpartition("/")[2],
            )
            for topic in topics
        }
        inputs = _inputs(bag, self._cameras, camera_info)
        self.lens_topics = frozenset(inputs.lenses)
        self._state = BagState(Config(cameras=self._cameras), inputs, issues)
        self._state.read_ahead(bag)
        self._decoder = ImageDecoder()
        self._known: dict[str, tuple[Calibration, Camera]] = {}

    def camera(self, topic: str) -> Camera | None:
        """The newest lens of a topic; None: none was published, or it was refused."""
        calibration = self._state.sensors.calibration(topic)
        if calibration is None:
            return None
        known = self._known.get(topic)
        if known is None or known[0] is not calibration:
            camera = Camera.of_checked(calibration, self._cameras[topic])
            self._known[topic] = known = calibration, camera
        return known[1]

    def take_lens(self, message: BagMessage) -> None:
        """Take a camera_info."""
        self._state.take(message)

    def take(self, message: BagMessage) -> Iterator[BagImage]:
        """The images that are known by a message: its own, or of a video stream earlier ones.

        Raises:
            BagError: its bytes do not fit its type.
        """
        if is_video(message.message):
            yield from self._of_video(self._decoder.take(message))
        else:
            yield BagImage(message, self.camera(message.topic), partial(self._still, message))

    def finish(self) -> Iterator[BagImage]:
        """What streams still hold at the end."""
        yield from self._of_video(self._decoder.finish())

    def _of_video(self, found: list[Decoded[BagMessage]]) -> Iterator[BagImage]:
        """Packets that have no picture, or none without those before the recording, are counted."""
        for decoded in found:
            message = decoded.tag
            if isinstance(decoded.error, (KeyFrameError, NoPictureError)):
                self._issues.add_error(message.topic, decoded.error)
                continue
            camera = self.camera(message.topic)
            yield BagImage(message, camera, partial(self._picture, decoded))

    def _still(self, message: BagMessage) -> NDArray[np.uint8]:
        pixels = decode_still(message)
        return self._state.sensors.images.rgb(message.topic, pixels, message.message)

    def _picture(self, decoded: Decoded[BagMessage]) -> NDArray[np.uint8]:
        message = decoded.tag
        return self._state.sensors.images.rgb(message.topic, decoded.pixels(), message.message)


def _inputs(
    bag: BagReader, cameras: Mapping[str, CameraConfig], camera_info: Mapping[str, str]
) -> Inputs:
    types = {topic.name: topic.type for topic in bag.topics if topic.count}
    lenses: dict[str, tuple[str, ...]] = {}
    for name, camera in cameras.items():
        topic = camera_info_topic(camera)
        if types.get(topic) == CameraInfo.type_name:
            lenses[topic] = (*lenses.get(topic, ()), name)
        elif name in camera_info:
            usable = sorted(t for t, kind in types.items() if kind == CameraInfo.type_name)
            msg = f"{bag.path}: expected camera_info of {name} to be one of {usable}, got {topic!r}"
            raise BagError(msg)
    static = (TF_STATIC,) if types.get(TF_STATIC) in TF_TYPES else ()
    return Inputs({name: name for name in cameras}, lenses, {}, static)
