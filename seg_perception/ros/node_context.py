"""What the components of an active node share, from activation to deactivation."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rclpy.node import Node

from seg_perception.config import Config
from seg_perception.core.errors import MemoryShortError, SegPerceptionError
from seg_perception.core.message_accounting import MessageHandle
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import NANOSECONDS
from seg_perception.geometry.transforms import TransformTree
from seg_perception.outputs.outputs import Outputs
from seg_perception.pipeline.perception import Perception
from seg_perception.ros.clock import ClockWatch
from seg_perception.ros.issue_log import PERIOD_S, Complaints
from seg_perception.ros.latencies import Latencies
from seg_perception.ros.ros_publisher import RosPublisher
from seg_perception.ros.workers import Inbox

TOTAL = "total"


class NodeContext:
    """One activation.

    Attributes:
        node, config, ontology: whose, how, and what the labels mean.
        perception: the core, with its ledger.
        publisher: of this activation; closed when all parts have ended.
        outputs: decides what is published.
        clock: the node's time, and the stamps seen.
        frames: the last frame_id of every stream.
        complaints: warnings about single messages.
        latencies: how long the stages took.
        inbox: what waits for the thread of the clouds.
        on_change: called after a live parameter has changed.
    """

    def __init__(self, node: Node, config: Config, ontology: Ontology) -> None:
        """Start with nothing received."""
        limits = config.transforms
        tree = TransformTree(
            limits.buffer_s, limits.max_extrapolation_s, limits.max_interpolation_s
        )
        self.node = node
        self.config = config
        self.ontology = ontology
        self.perception = Perception(config, ontology, tree)
        self.publisher = RosPublisher(node)
        self.outputs = Outputs(config, ontology, self.publisher)
        self.clock = ClockWatch(node, self.perception.reset)
        self.frames: dict[str, str] = {}
        self.complaints = Complaints(node.get_logger())
        self.latencies = Latencies()
        self.inbox = Inbox(config.synchronizer.queue_size)
        self.on_change: list[Callable[[], None]] = []

    def reconfigure(self, config: Config) -> None:
        """Work with other values of the live parameters from now on.

        Raises:
            ConfigError: colours of classes that do not exist.
        """
        self.outputs.reconfigure(config, self.clock.now_ns())
        self.config = config
        self.perception.reconfigure(config)
        for tell in self.on_change:
            tell()

    def observe(self, stream: str, frame_id: str, stamp_ns: int) -> None:
        """Take note of a decoded message, before it goes into the core."""
        self.frames[stream] = frame_id
        self.clock.observe(stream, stamp_ns)

    @contextmanager
    def accounted(self, handle: MessageHandle) -> Iterator[None]:
        """A step of a message's way: if it fails, the handle is dropped under the reason."""
        try:
            yield
        except SegPerceptionError as error:
            handle.drop(error.reason)
            self.complaints.add(handle.stream, error)
        except Exception as error:  # noqa: BLE001 (one message must not end all, nor go uncounted)
            self._drop_unforeseen(handle, error)

    def published(self, handle: MessageHandle, stamp_ns: int) -> None:
        """A message's result went out: close its handle, note its age."""
        handle.publish()
        age_s = (self.clock.now_ns() - stamp_ns) / NANOSECONDS
        self.latencies.add(TOTAL, handle.stream, age_s)

    def _drop_unforeseen(self, handle: MessageHandle, error: Exception) -> None:
        if MemoryShortError.explains(error):
            short = MemoryShortError(f"no memory is left for it ({error}); close other programs")
            handle.drop(short.reason)
            self.complaints.add(handle.stream, short)
            return
        handle.drop("internal_error")
        text = f"{handle.stream}: {traceback.format_exc()}"
        self.node.get_logger().error(text, throttle_duration_sec=PERIOD_S)
