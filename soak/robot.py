"""A simulated robot: publishes in real time what it is told to, and listens to the node."""

from __future__ import annotations

import statistics
import threading
import time
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from seg_perception.config import Config
from seg_perception.config.input_topics import TF, TF_STATIC
from seg_perception.io.messages import CameraInfo, CompressedImage, Image, PointCloud2, TFMessage
from seg_perception.io.perception_messages import SegmentationStatus
from seg_perception.io.transforms import encode_tf
from seg_perception.outputs.topics import CameraTopics, cloud_topic
from seg_perception.ros.conversions import message_class, to_ros
from seg_perception.ros.qos import latched_profile, output_profile, tf_profile
from soak import sensors
from soak.account import Account

# Deep enough for everything that comes while the node is stopped: what is sent must arrive.
DEPTH = 200
NODE = "/perception_node"
_TF_PERIOD_S = 0.02
_PENDING = 400


@dataclass
class Channel:
    """One sensor's topic.

    Attributes:
        data: the serialised message that is sent next.
        camera_info: the serialised camera_info that goes before it, or None.
        muted: nothing is sent.
        copies: how often each message is sent.
        swapped: of two messages the later one goes first.
    """

    stream: str
    topic: str
    type_name: str
    period_s: float
    data: bytes
    camera_info: bytes | None = None
    muted: bool = False
    copies: int = 1
    swapped: bool = False
    held: bytes | None = None
    due_s: float = 0.0
    publisher: Any = None
    camera_info_publisher: Any = None
    sent: Counter[str] = field(default_factory=Counter)


class Robot:
    """Drivers of four cameras, a lidar and a radar, /tf, and a listener to all results.

    Attributes:
        account: follows what the node says.
        channels: by stream.
        clock_offset_ns: of all stamps, from this machine's clock.
        tf_muted, tf_delay_s: what is wrong with /tf.
        calm: no fault is on; only what is sent then counts for the latency.
        unsettled: the node begins or ends to listen; what is sent then may be lost.
    """

    def __init__(self, node: Any, config: Config, extent: sensors.Extent, account: Account) -> None:
        """Advertise and listen."""
        self.node = node
        self.extent = extent
        self.clock_offset_ns = 0
        self.tf_muted, self.tf_delay_s = False, 0.0
        self.calm = self.unsettled = False
        self.account = account
        self._pending: dict[str, dict[int, float]] = defaultdict(dict)
        self._latencies: dict[str, deque[float]] = defaultdict(partial(deque, maxlen=_PENDING))
        self._heard: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._began_s = time.monotonic()
        self._tf_due_s = 0.0
        self._late_tf: deque[tuple[float, Any]] = deque()
        self._tf = node.create_publisher(message_class(TFMessage.type_name), TF, tf_profile())
        self._static = node.create_publisher(
            message_class(TFMessage.type_name), TF_STATIC, latched_profile(1)
        )
        self._static.publish(to_ros(encode_tf(sensors.static_transforms())))
        self.channels = {c.stream: c for c in self._make_channels(config)}
        for channel in self.channels.values():
            self.advertise(channel)
        self._listen(config)

    @property
    def heard(self) -> dict[str, int]:
        """Results that came, by stream."""
        with self._lock:
            return dict(self._heard)

    @property
    def is_heard(self) -> bool:
        """Whether the node listens to every sensor."""
        publishers = [c.publisher for c in self.channels.values()]
        publishers += [
            c.camera_info_publisher for c in self.channels.values() if c.camera_info is not None
        ]
        return all(publisher.get_subscription_count() for publisher in publishers)

    @property
    def is_heard_at_all(self) -> bool:
        """Whether the node listens to any sensor."""
        return any(c.publisher.get_subscription_count() for c in self.channels.values())

    def advertise(self, channel: Channel) -> None:
        """Make the publishers of a sensor, in place of those that it had."""
        for old in filter(None, (channel.publisher, channel.camera_info_publisher)):
            self.node.destroy_publisher(old)
        make, profile = self.node.create_publisher, output_profile(DEPTH)
        channel.publisher = make(message_class(channel.type_name), channel.topic, profile)
        if channel.camera_info is not None:
            topic = f"/{channel.stream.partition('.')[2]}/camera_info"
            channel.camera_info_publisher = make(
                message_class(CameraInfo.type_name), topic, profile
            )

    def step(self) -> float:
        """Send what is due; seconds until something else is."""
        now_s = time.monotonic()
        self._send_tf(now_s)
        for channel in self.channels.values():
            if now_s >= channel.due_s:
                late = now_s - channel.due_s > channel.period_s
                channel.due_s = (now_s if late else channel.due_s) + channel.period_s
                if not channel.muted:
                    self._emit(channel)
        due_s = min(self._tf_due_s, *(c.due_s for c in self.channels.values()))
        return max(0.0, due_s - time.monotonic())

    def now_ns(self) -> int:
        """The time on the robot's stamps."""
        return time.time_ns() + self.clock_offset_ns

    def send(self, channel: Channel, data: bytes) -> None:
        """Publish one message and count it."""
        with self._lock:
            pending = self._pending[channel.stream]
            if self.calm:
                pending.setdefault(sensors.stamp_of(data), time.monotonic())
            while len(pending) > _PENDING:
                pending.pop(next(iter(pending)))
        listened = channel.publisher.get_subscription_count() > 0
        fate = "unsettled" if self.unsettled else "sent" if listened else "unheard"
        channel.sent[fate] += 1
        if channel.camera_info is not None:
            channel.camera_info_publisher.publish(channel.camera_info)
        channel.publisher.publish(data)

    def take_latencies(self) -> dict[str, float]:
        """Median latency of each stream's calm messages since the last call (ms)."""
        with self._lock:
            taken, self._latencies = self._latencies, defaultdict(partial(deque, maxlen=_PENDING))
        return {stream: 1e3 * statistics.median(values) for stream, values in taken.items()}

    def _emit(self, channel: Channel) -> None:
        data = sensors.stamped(channel.data, self.now_ns())
        if channel.swapped and channel.held is None:
            channel.held = data
            return
        for _ in range(channel.copies):
            self.send(channel, data)
        if channel.held is not None:
            self.send(channel, channel.held)
            channel.held = None

    def _send_tf(self, now_s: float) -> None:
        if now_s >= self._tf_due_s:
            self._tf_due_s = now_s + _TF_PERIOD_S
            if not self.tf_muted:
                pose = sensors.pose(now_s - self._began_s, self.now_ns())
                self._late_tf.append((now_s + self.tf_delay_s, to_ros(encode_tf([pose]))))
        while self._late_tf and self._late_tf[0][0] <= now_s:
            self._tf.publish(self._late_tf.popleft()[1])

    def _make_channels(self, config: Config) -> list[Channel]:
        extent, messages = self.extent, sensors.good(self.extent)
        topics = {f"camera.{n}": c.image_topic for n, c in config.cameras.items()}
        for kind, group in (("lidar", config.lidars), ("radar", config.radars)):
            topics |= {f"{kind}.{name}": sensor.topic for name, sensor in group.items()}
        types = dict.fromkeys(sensors.RAW_CAMERAS, Image.type_name)
        types |= dict.fromkeys(sensors.JPEG_CAMERAS, CompressedImage.type_name)
        rates = dict.fromkeys(sensors.CAMERAS, extent.camera_hz)
        rates |= {sensors.TOP: 10.0, sensors.RADAR: 15.0}
        return [
            Channel(
                stream,
                topic,
                types.get(stream, PointCloud2.type_name),
                1.0 / rates[stream],
                sensors.cdr(messages[stream]),
                self.camera_info(stream) if stream in types else None,
            )
            for stream, topic in topics.items()
        ]

    def camera_info(self, stream: str, scale: float = 1.0, focal: float = 0.5) -> bytes:
        """The serialised camera_info of a camera."""
        frame_id = f"{stream.partition('.')[2]}_optical"
        return sensors.cdr(sensors.camera_info(self.extent, frame_id, scale, focal))

    def _listen(self, config: Config) -> None:
        results = {f"camera.{n}": CameraTopics.of(c).label_image for n, c in config.cameras.items()}
        for kind, group in (("lidar", config.lidars), ("radar", config.radars)):
            results |= {f"{kind}.{name}": cloud_topic(sensor) for name, sensor in group.items()}
        for stream, topic in results.items():
            result = Image if stream.startswith("camera") else PointCloud2
            hear = partial(self._hear, stream)
            self.node.create_subscription(
                message_class(result.type_name), topic, hear, output_profile(DEPTH), raw=True
            )
        status = message_class(SegmentationStatus.type_name)
        self.node.create_subscription(
            status, f"{NODE}/status", self.account.add, output_profile(DEPTH)
        )

    def _hear(self, stream: str, data: bytes) -> None:
        now_s = time.monotonic()
        with self._lock:
            self._heard[stream] += 1
            sent_s = self._pending[stream].pop(sensors.stamp_of(data), None)
            if sent_s is not None:
                self._latencies[stream].append(now_s - sent_s)
