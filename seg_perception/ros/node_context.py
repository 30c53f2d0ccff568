"""What the components of an active node share, from activation to deactivation."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from rclpy.node import Node

from seg_perception.config import Config
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.message_accounting import MessageHandle
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import NANOSECONDS
from seg_perception.outputs.outputs import Outputs
from seg_perception.pipeline.accounted import accounted
from seg_perception.pipeline.perception import Perception
from seg_perception.pipeline.sensor_state import SensorState
from seg_perception.ros.clock import ClockWatch
from seg_perception.ros.issue_logger import IssueLogger
from seg_perception.ros.latencies import Latencies
from seg_perception.ros.node_descriptions import NodeDescriptions
from seg_perception.ros.node_graph import NodeGraph
from seg_perception.ros.ros_publisher import RosPublisher

TOTAL = "total"


class NodeContext:
    """One activation.

    Attributes:
        node, config, ontology: whose, how, and what the labels mean.
        perception: the core, with its ledger and its log of issues.
        sensors: the cameras' calibrations, and the transforms.
        publisher: of this activation; closed when all components have ended.
        outputs: decides what is published.
        descriptions: what the labels mean, from before this activation; None: nothing.
        clock: the node's time, and the stamps seen.
        frames: the last frame_id of every stream.
        latencies: how long the stages took.
        on_news: called when there is something new that clouds may wait for.
        on_change: called after a live parameter has changed.
        urgent: what images give way to is done within it.
    """

    def __init__(
        self,
        node: Node,
        config: Config,
        ontology: Ontology,
        descriptions: NodeDescriptions | None = None,
    ) -> None:
        """Start with nothing received."""
        issues = IssueLog(IssueLogger(node.get_logger()).tell)
        self.node = node
        self.config = config
        self.ontology = ontology
        self.clock = ClockWatch(node, self._jump, issues)
        graph = NodeGraph(node)
        self.sensors = SensorState(
            config,
            issues,
            self._observe_transform,
            lambda topic: ", ".join(sorted({*graph.publishers(node.resolve_topic_name(topic))})),
        )
        self.perception = Perception(config, ontology, self.sensors.transforms.tree, issues)
        self.descriptions = descriptions
        self.publisher = RosPublisher(node, descriptions.publisher if descriptions else None)
        self.outputs = Outputs(config, ontology, self.publisher)
        self.frames: dict[str, str] = {}
        self.latencies = Latencies()
        self.on_news: list[Callable[[], None]] = []
        self.on_change: list[Callable[[], None]] = []
        self.urgent: Callable[[], AbstractContextManager[None]] = nullcontext

    @property
    def topics(self) -> list[str]:
        """The full names of what the node publishes of its results."""
        described = self.descriptions.topics if self.descriptions else []
        return [*self.publisher.topics, *described]

    def reconfigure(self, config: Config) -> None:
        """Work with other values of the live parameters from now on.

        Raises:
            ConfigError: colours of classes that do not exist.
        """
        self.outputs.reconfigure(config)
        if self.descriptions is not None:
            self.descriptions.recolor(config)
        self.config = config
        self.perception.reconfigure(config)
        for tell in self.on_change:
            tell()

    def observe(self, stream: str, frame_id: str, stamp_ns: int) -> int:
        """Take note of a decoded message, before it goes into the core.

        Returns:
            The generation that it belongs to: what was before a jump of the clock is another.
        """
        self.frames[stream] = frame_id
        found: list[int] = []
        self.clock.observe(stream, stamp_ns, lambda: found.append(self.perception.generation))
        return found[0]

    def tell_clouds(self) -> None:
        """Label maps or transforms came, for which clouds may be waiting."""
        for tell in self.on_news:
            tell()

    def accounted(self, handle: MessageHandle) -> AbstractContextManager[None]:
        """A step of a message's way: if it fails, the handle is dropped under the reason."""
        return accounted(handle, self.perception.issues)

    def on_thread_error(self, name: str) -> Callable[[BaseException], None]:
        """Who is told what failed on a thread beside any single message: log and diagnostics."""
        return partial(self.perception.issues.add_unforeseen, f"thread {name}")

    def published(self, handle: MessageHandle, stamp_ns: int) -> None:
        """A message's result went out: close its handle, note its age."""
        handle.publish()
        age_s = (self.clock.now_ns() - stamp_ns) / NANOSECONDS
        self.latencies.add(TOTAL, handle.stream, age_s)

    def _jump(self) -> None:
        self.perception.reset()

    def _observe_transform(self, name: str, stamp_ns: int, insert: Callable[[], None]) -> None:
        self.clock.observe(name, stamp_ns, insert)
