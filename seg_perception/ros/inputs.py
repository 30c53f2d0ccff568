"""What the sensors send: subscriptions that hand every message over with a handle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from rclpy.node import Node

from seg_perception.config import CameraConfig
from seg_perception.config.input_topics import (
    camera_info_topic,
    image_types,
    is_video_stream,
    likely_image_type,
)
from seg_perception.core.errors import ConfigError
from seg_perception.core.issue_kinds.inputs import INCOMPATIBLE_QOS, TYPE_NOT_INSTALLED
from seg_perception.core.message_accounting import stream
from seg_perception.core.types import CameraFrame, clean_frame_id
from seg_perception.io.messages import (
    CameraInfo,
    header_of,
    stamp_to_ns,
)
from seg_perception.io.still_images import StillDecoder
from seg_perception.ros.conversions import message_class
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.qos import InputQos
from seg_perception.ros.subscription import AdaptiveSubscription
from seg_perception.ros.workers import ReceivedMessage

Deliver = Callable[[ReceivedMessage], None]
# A packet that a full queue lost would cost all up to the next key frame: a second at 30 Hz.
_VIDEO_DEPTH = 30


def input_qos(context: NodeContext) -> InputQos:
    """What the configuration says about all inputs."""
    config = context.config.node
    return InputQos(config.input_reliability, config.input_depth)


class StreamInput:
    """One topic whose every message gets a handle.

    Attributes:
        stream: its name in the ledger.
        topic, type_name: what it listens to.
    """

    def __init__(self, context: NodeContext, kind: str, name: str, deliver: Deliver) -> None:
        """Make it; `listen` subscribes."""
        self.stream = stream(kind, name)
        self.topic = ""
        self.type_name = ""
        self._node = context.node
        self._name = name
        self._accounting = context.perception.accounting
        self._issues = context.perception.issues
        self._deliver = deliver
        self._qos = input_qos(context)
        self._subscription: AdaptiveSubscription | None = None
        self._lost = 0
        self._accounting.open_stream(self.stream)

    def listen(self, type_name: str, topic: str, min_depth: int = 1) -> None:
        """Subscribe, in place of what was subscribed before, with a queue of at least `min_depth`.

        Raises:
            ConfigError: the type is not installed.
        """
        self.topic = self._node.resolve_topic_name(topic)
        kind = message_class(type_name)
        self.close()
        qos = replace(self._qos, depth=max(self._qos.depth, min_depth))
        self._subscription = AdaptiveSubscription(self._node, kind, topic, self._receive, qos)
        self.type_name = type_name

    @property
    def lost(self) -> int:
        """Messages that were sent and never came."""
        return self._lost + (self._subscription.lost if self._subscription else 0)

    def adapt(self) -> None:
        """Follow what the publishers offer; say where they can't be heard."""
        if self._subscription is not None:
            self._subscription.adapt()
            if numbers := self._subscription.incompatible:
                self._issues.hold(INCOMPATIBLE_QOS, self.stream, **numbers)
            else:
                self._issues.release(INCOMPATIBLE_QOS, self.stream)

    def close(self) -> None:
        """Unsubscribe."""
        if self._subscription is not None:
            self._lost += self._subscription.lost
            self._subscription.close()
            self._subscription = None

    def _receive(self, message: Any) -> None:
        self._deliver(ReceivedMessage(self._name, message, self._accounting.receive(self.stream)))


class CameraInfoSubscriber:
    """Keeps the calibration of one camera, or of its depths, up to date.

    Attributes:
        topic: its full name.
    """

    def __init__(
        self, context: NodeContext, name: str, topic: str, take: Callable[[str, Any], None]
    ) -> None:
        """Subscribe a camera_info of a camera; `take` gets the camera's name and the message."""
        self._name = name
        self._take = take
        self._message: Any = None
        self._taken: Any = None
        kind = message_class(CameraInfo.type_name)
        self._subscription = AdaptiveSubscription(
            context.node, kind, topic, self._receive, input_qos(context)
        )
        self.topic = self._subscription.topic

    def update(self) -> None:
        """Take the newest camera_info, where it is not taken yet."""
        message = self._message
        if message is not self._taken:
            self._taken = message
            self._take(self._name, message)

    def adapt(self) -> None:
        """Follow what the publishers offer."""
        self._subscription.adapt()
        # Also where no image asks for it, what is amiss with it is known.
        self.update()

    def close(self) -> None:
        """Unsubscribe."""
        self._subscription.close()

    def _receive(self, message: Any) -> None:
        self._message = message


class CameraInput:
    """Images of one camera, raw, compressed or packets of video, and its camera_info."""

    def __init__(
        self,
        context: NodeContext,
        name: str,
        config: CameraConfig,
        deliver: Deliver,
        stills: StillDecoder,
    ) -> None:
        """Subscribe images and camera_info; `stills` decodes what is no video."""
        self._stills = stills
        # The executor asks in this order: an image's camera_info comes before the image.
        self.camera_info = CameraInfoSubscriber(
            context, name, camera_info_topic(config), context.sensors.take_camera_info
        )
        context.sensors.expect_camera_info(name, self.camera_info.topic)
        self.images = StreamInput(context, "camera", name, deliver)
        self._sensors = context.sensors
        self._issues = context.perception.issues
        self._node = context.node
        self._name = name
        self._config = config
        self.adapt()

    def adapt(self) -> None:
        """Follow type and quality of service of what is published."""
        self._follow_type()
        self.images.adapt()
        self.camera_info.adapt()

    def decode(self, received: ReceivedMessage) -> CameraFrame:
        """The frame of a message; a video's packet is decoded already.

        Raises:
            ImageError: it can't be decoded.
            SizeMismatchError: a reduced one has another size than its calibration says.
        """
        message, header = received.message, header_of(received.message)
        self.camera_info.update()
        pixels = self._stills.decode(message) if received.image is None else received.image
        image = self._sensors.images.rgb(self._name, pixels, message)
        lens = self._sensors.calibration(self._name)
        return CameraFrame(
            camera=self._name,
            image=image,
            stamp_ns=stamp_to_ns(header.stamp),
            frame_id=clean_frame_id(header.frame_id),
            calibration=self._stills.lens(lens, message, image, self._name),
        )

    def close(self) -> None:
        """Unsubscribe."""
        self.images.close()
        self.camera_info.close()

    def _follow_type(self) -> None:
        """Listen to what is published; where that type is not installed here, it is an issue."""
        type_name = self._published_type()
        if type_name != self.images.type_name:
            try:
                is_video = is_video_stream(self._config, type_name)
                min_depth = _VIDEO_DEPTH if is_video else 1
                self.images.listen(type_name, self._config.image_topic, min_depth)
            except ConfigError as error:
                self._issues.hold(TYPE_NOT_INSTALLED, self.images.stream, error=error)
                return
        self._issues.release(TYPE_NOT_INSTALLED, self.images.stream)

    def _published_type(self) -> str:
        """The type by configuration, else by what is published, else by the topic's name."""
        types = image_types(self._config)
        if len(types) == 1:
            return types[0]
        published = published_type(self._node, self._config.image_topic, types)
        return published or self.images.type_name or likely_image_type(self._config)


def published_type(node: Node, topic: str, known: Sequence[str]) -> str:
    """The one type among those that is published on a topic; empty where none or several are."""
    published = published_types(node, topic) & set(known)
    return published.pop() if len(published) == 1 else ""


def published_types(node: Node, topic: str) -> set[str]:
    """All types that are published on a topic."""
    publishers = node.get_publishers_info_by_topic(node.resolve_topic_name(topic))
    return {publisher.topic_type for publisher in publishers}
