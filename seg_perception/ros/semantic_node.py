"""What the three perception nodes have in common: model, parameters, components, account."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray

from seg_perception.config import Config, live_keys
from seg_perception.core.errors import ConfigError
from seg_perception.core.issue_kinds.engines import MODEL_LOADING
from seg_perception.core.threads import are_others_running, leave_at_once
from seg_perception.fusion.self_filter import SelfFilter
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.engine import ValidatedEngine, create_engine
from seg_perception.inference.tensorrt.engine_builder import BackgroundEngineBuilder
from seg_perception.io.messages import TFMessage
from seg_perception.io.perception_messages import SegmentationStatus, SemanticLegend
from seg_perception.outputs.clouds import check_clouds
from seg_perception.outputs.costmap import check_planner
from seg_perception.outputs.nav2 import check_nav2
from seg_perception.outputs.topics import OutputTopic, check_topic_names, check_topics
from seg_perception.pipeline.semantic_mapper import check_map
from seg_perception.ros.clock import steady_timer
from seg_perception.ros.component import Component
from seg_perception.ros.conversions import message_class
from seg_perception.ros.issue_logger import PERIOD_S
from seg_perception.ros.lifecycle import ManagedNode
from seg_perception.ros.memory import Litter
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.node_descriptions import NodeDescriptions
from seg_perception.ros.parameters import NodeParameters
from seg_perception.ros.qos import output_profile
from seg_perception.ros.ros_publisher import RosPublisher
from seg_perception.ros.runner import StopSignal, run, say
from seg_perception.ros.status import StatusPublisher, failure_diagnostics

ADAPT_S = 0.5
FAILURE_S = 1.0
NEEDED_TYPES = (SegmentationStatus.type_name, SemanticLegend.type_name, TFMessage.type_name)


class SemanticNode(ManagedNode):
    """Holds the model while configured, and its components while active.

    Attributes:
        on_built: called when the engine is there and `tensorrt.build_only` wants nothing more.
    """

    def __init__(self, name: str, **options: Any) -> None:
        """Declare the parameters; wrong ones make `configure` fail, with the same words."""
        super().__init__(name, **options)
        self._bundle: Bundle | None = None
        self._engine: ValidatedEngine | None = None
        self._descriptions: NodeDescriptions | None = None
        self._builds = BackgroundEngineBuilder(self.get_logger().info)
        self.on_built: Callable[[], None] = lambda: None
        self._node_context: NodeContext | None = None
        self._components: list[Component] = []
        self._outputs: list[StatusPublisher | RosPublisher] = []
        self._summary: dict[str, Any] = {"streams": {}}
        self._declared: NodeParameters | ConfigError
        try:
            self._declared = NodeParameters(self, self._may_change, self._changed)
        except ConfigError as error:
            self._declared = error
        self._failures = self.create_publisher(DiagnosticArray, "/diagnostics", output_profile())
        steady_timer(self, FAILURE_S, self._report_failure)
        steady_timer(self, ADAPT_S, self._adapt)
        self._litter = Litter()

    @property
    def config(self) -> Config:
        """What the parameters say now.

        Raises:
            ConfigError: they are wrong.
        """
        if isinstance(self._declared, ConfigError):
            raise self._declared
        return self._declared.config

    @property
    def wants_autostart(self) -> bool:
        """Whether it starts by itself; a node with wrong parameters does, to say so."""
        return isinstance(self._declared, ConfigError) or self.config.node.autostart

    @property
    def engine(self) -> ValidatedEngine:
        """What runs the model.

        Raises:
            RuntimeError: the node is not configured, or needs no engine.
        """
        if self._engine is None:
            msg = "no engine is loaded; configure the node"
            raise RuntimeError(msg)
        return self._engine

    def make_components(self, context: NodeContext) -> Sequence[Component]:
        """The components of one activation, in the order in which they are stopped."""
        raise NotImplementedError

    def descriptions(self, config: Config) -> Iterable[OutputTopic]:
        """The latched topics that say what this node's labels mean."""
        raise NotImplementedError

    def load_engine(self, bundle: Bundle) -> ValidatedEngine | None:
        """Load and test what runs the model.

        Raises:
            EngineBuildingError: it is being built; ask again.
            EngineError: nothing can.
        """
        config, warn = self.config, self.get_logger().warning
        return create_engine(bundle, config.segmentation, config.tensorrt, self._builds, warn)

    def configure(self) -> None:
        """Check everything that can be checked without a message; load and test the engine."""
        config = self.config
        if not config.cameras:
            msg = (
                "no camera is configured; list one, for instance cameras: [front], and name its "
                "camera.front.image_topic"
            )
            raise ConfigError(msg)
        check_topic_names(config)
        check_topics(config)
        for type_name in NEEDED_TYPES:
            message_class(type_name)
        self._bundle = Bundle.load(config.segmentation.bundle)
        check_clouds(self._bundle.ontology, config.output)
        check_map(config, self._bundle.ontology)
        check_planner(config, self._bundle.ontology)
        check_nav2(config, self._bundle.ontology)
        SelfFilter(config, self._bundle.ontology.unknown_id)
        self._describe(self._bundle)
        self._engine = self.load_engine(self._bundle)
        manifest = self._bundle.manifest
        engine = self._engine.description if self._engine else "no engine needed"
        self.get_logger().info(f"{self._bundle}, weights under {manifest.licence}: {engine}")
        if manifest.notice:
            self.get_logger().warning(manifest.notice)

    def activate(self) -> None:
        """Subscribe and publish."""
        if self._bundle is None:
            msg = "no model is loaded; configure the node"
            raise RuntimeError(msg)
        if self.config.tensorrt.build_only:
            self.get_logger().info("the engine is ready; tensorrt.build_only asks for no more")
            self.on_built()
            return
        self._describe(self._bundle)
        ontology, descriptions = self._bundle.ontology, self._descriptions
        context = self._node_context = NodeContext(self, self.config, ontology, descriptions)
        self._outputs = [context.publisher]
        self._components = list(self.make_components(context))
        self._outputs.append(StatusPublisher(context, self._components, self._engine))

    def deactivate(self) -> None:
        """End all components and tell what became of the messages."""
        self._stop_components()
        self._litter.clear()

    def _stop_components(self) -> None:
        for component in self._components:
            component.stop()
        self._summary = self._summarise()
        self.get_logger().info(f"account: {json.dumps(self._summary.get('streams', {}))}")
        for output in self._outputs:
            output.close()
        self._components, self._outputs, self._node_context = [], [], None

    def cleanup(self) -> None:
        """Free the engine."""
        if self._engine is not None:
            self._engine.close()
        if self._descriptions is not None:
            self._descriptions.close()
        self._engine = self._bundle = self._descriptions = None
        self._litter.clear()

    def _describe(self, bundle: Bundle) -> None:
        """Say what the labels will mean, long before the first; again where parameters changed."""
        config = self.config
        if self._descriptions is not None:
            if self._descriptions.config == config:
                return
            self._descriptions.close()
        topics = self.descriptions(config)
        self._descriptions = NodeDescriptions(self, config, bundle.ontology, topics)

    def tell_failure(self, error: BaseException) -> None:
        """Put a callback that failed into the log and, while active, into the diagnostics."""
        if self._node_context is not None:
            self._node_context.on_thread_error("executor")(error)
            return
        text = "".join(traceback.format_exception(error))
        self.get_logger().error(f"a callback failed: {text}", throttle_duration_sec=PERIOD_S)

    def summary(self) -> dict[str, Any]:
        """The account of the activation that goes on, else of the last one."""
        return self._summarise() if self._node_context is not None else self._summary

    def _summarise(self) -> dict[str, Any]:
        context = self._node_context
        if context is None:
            return {}
        accounting = context.perception.accounting
        points = accounting.points().items()
        latencies = context.latencies.total().items()
        return {
            "engine": self._engine.description if self._engine else "",
            "clock_jumps": context.clock.jumps,
            "streams": {name: asdict(count) for name, count in accounting.snapshot().items()},
            "map": [asdict(mapper.map.count) for mapper in context.perception.mappers],
            "lost_in_transport": {s.stream: s.lost for c in self._components for s in c.streams},
            "stray_times": accounting.stray_times(),
            "disputed": accounting.disputed(),
            "degraded": accounting.degraded(),
            "points": {
                name: {s.name.lower(): n for s, n in counts.items()} for name, counts in points
            },
            "latencies": [
                {"stage": stage, "stream": stream, **asdict(percentiles)}
                for (stage, stream), percentiles in latencies
            ],
        }

    def _adapt(self) -> None:
        for component in self._components:
            component.adapt()
        self._litter.look()

    def _report_failure(self) -> None:
        since_s = self.configuring_s
        text, waiting = self.failure, self.waiting
        if since_s is not None:
            bundle = self.config.segmentation.bundle
            text, waiting = MODEL_LOADING.sentence(bundle=bundle, elapsed_s=since_s), True
        if text and not self.is_active:
            name = self.get_fully_qualified_name()
            array = DiagnosticArray(status=[failure_diagnostics(name, text, waiting=waiting)])
            array.header.stamp = self.get_clock().now().to_msg()
            self._failures.publish(array)

    def _may_change(self, names: Collection[str]) -> str:
        if self.configuring_s is not None:
            return "the node is being configured; ask again when it is done"
        if self.is_active:
            fixed = sorted(set(names) - live_keys(self.config.to_parameters()))
            return f"{fixed} are read when activating; deactivate first" if fixed else ""
        loaded = sorted(name for name in names if name.startswith(("segmentation.", "tensorrt.")))
        if loaded and self._bundle is not None:
            return f"{loaded} are read when configuring; clean up first"
        return ""

    def _changed(self, config: Config) -> None:
        if self._node_context is not None:
            self._node_context.reconfigure(config)


def run_node(make_node: type[Any], arguments: Sequence[str] | None) -> int:
    """Run a node until it is told to stop; prints its account as JSON at the end."""
    hung: list[SemanticNode] = []

    def end(node: SemanticNode) -> None:
        if not node.end():
            hung.append(node)
        say(json.dumps(node.summary()))

    code = run(make_node, _start_and_wait, arguments, end, SemanticNode.tell_failure)
    # A search of the calibration's watch ends by itself, or with the process.
    return leave_at_once(code) if hung or are_others_running() else code


def _start_and_wait(node: SemanticNode, stop: StopSignal) -> int:
    node.on_built = stop.set
    if node.wants_autostart:
        node.autostart()
    stop.wait()
    return 0
