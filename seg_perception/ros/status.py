"""How the node is doing: `~/status` in numbers, `/diagnostics` in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from seg_perception.core.issue_kinds.engines import SPOT_CHECK_ENDED
from seg_perception.core.issue_kinds.places import CONVENTION_FOUND, EXTRINSICS_CORRECTED
from seg_perception.core.types import NANOSECONDS
from seg_perception.inference.engine import ValidatedEngine
from seg_perception.io.messages import Header
from seg_perception.io.perception_messages import (
    ReasonCount,
    SegmentationStatus,
    StageLatency,
    StreamStatus,
)
from seg_perception.outputs.topics import STATUS
from seg_perception.ros.clock import steady_timer
from seg_perception.ros.component import Component
from seg_perception.ros.conversions import message_class, to_ros
from seg_perception.ros.diagnostics_monitor import DiagnosticsMonitor, Sample, new_counts
from seg_perception.ros.inputs import StreamInput
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.qos import output_profile

# As in SegmentationStatus.msg and StreamStatus.msg.
_KINDS = {"camera": 0, "lidar": 1, "radar": 2, "depth": 3}
_NOT_READY, _VALIDATED, _FALLBACK, _FAILED = 0, 1, 2, 3
# Notes that stand in the diagnostics, and what they speak of.
_STANDING = {CONVENTION_FOUND.code: "frame", EXTRINSICS_CORRECTED.code: "place"}


class StatusPublisher:
    """Publishes status and diagnostics of one activation, once a period."""

    def __init__(
        self, context: NodeContext, components: Sequence[Component], engine: ValidatedEngine | None
    ) -> None:
        """Advertise both and start the timer."""
        self._context = context
        self._engine = engine
        self._monitor = DiagnosticsMonitor(context, components)
        node, period_s = context.node, context.config.node.status_period_s
        kind = message_class(SegmentationStatus.type_name)
        self._status = node.create_publisher(kind, STATUS, output_profile())
        self._diagnostics = node.create_publisher(DiagnosticArray, "/diagnostics", output_profile())
        self._last = self._monitor.sample()
        self._timer = steady_timer(node, period_s, self.publish)

    def publish(self) -> None:
        """Publish both now."""
        issues = self._monitor.issues()
        status = self._make_status([str(issue) for issue in issues])
        self._status.publish(to_ros(status))
        self._diagnostics.publish(self._make_diagnostics(status))

    def close(self) -> None:
        """Publish a last time, then stop."""
        self.publish()
        node = self._context.node
        node.destroy_timer(self._timer)
        node.destroy_publisher(self._status)
        node.destroy_publisher(self._diagnostics)

    def _make_status(self, warnings: list[str]) -> SegmentationStatus:
        now = self._monitor.sample()
        last, self._last = self._last, now
        status = SegmentationStatus(
            header=Header.at(self._context.clock.now_ns(), ""),
            ontology=self._context.ontology.name,
            interval_s=now.at_s - last.at_s,
            streams=[self._stream(source, now, last) for source in self._monitor.streams],
            latencies=self._latencies(),
            warnings=warnings,
        )
        _describe_engine(status, self._engine)
        return status

    def _stream(self, source: StreamInput, now: Sample, last: Sample) -> StreamStatus:
        kind, _, name = source.stream.partition(".")
        count = now.counts[source.stream]
        new = new_counts(count, last.counts.get(source.stream))
        interval_s = max(now.at_s - last.at_s, 1e-3)
        stamp_ns = self._context.clock.newest.get(source.stream)
        age_s = float("nan")
        if stamp_ns is not None:
            age_s = (self._context.clock.now_ns() - stamp_ns) / NANOSECONDS
        points = now.points.get(name, {}) if kind != "camera" else {}
        return StreamStatus(
            name=name,
            topic=source.topic,
            kind=_KINDS[kind],
            received=count.received,
            published=count.published,
            in_flight=count.in_flight,
            dropped=[ReasonCount(reason, n) for reason, n in sorted(count.dropped.items())],
            lost_in_transport=source.lost,
            points=[ReasonCount(s.name.lower(), n) for s, n in points.items() if n],
            received_hz=new.received / interval_s,
            published_hz=new.published / interval_s,
            age_s=age_s,
        )

    def _latencies(self) -> list[StageLatency]:
        return [
            StageLatency(stage, stream, p.count, p.p50_s, p.p95_s, p.p99_s)
            for (stage, stream), p in self._context.latencies.take_lately().items()
        ]

    def _make_diagnostics(self, status: SegmentationStatus) -> DiagnosticArray:
        node = self._context.node
        entry = DiagnosticStatus(
            level=DiagnosticStatus.WARN if status.warnings else DiagnosticStatus.OK,
            name=f"{node.get_fully_qualified_name().lstrip('/')}: perception",
            message="; ".join(status.warnings) or "all inputs give results",
            hardware_id=status.engine,
            values=[KeyValue(key=k, value=v) for k, v in self._values(status)],
        )
        array = DiagnosticArray(status=[entry])
        array.header.stamp = node.get_clock().now().to_msg()
        return array

    def _values(self, status: SegmentationStatus) -> Iterator[tuple[str, str]]:
        for stream in status.streams:
            dropped = ", ".join(f"{d.count} {d.reason}" for d in stream.dropped) or "none"
            fate = f"received {stream.received}, published {stream.published}, dropped {dropped}"
            flow = f"in flight {stream.in_flight}, {stream.published_hz:.1f} Hz"
            yield stream.topic, f"{fate}, {flow}"
        for issue in self._context.perception.issues.all():
            if what := _STANDING.get(issue.code):
                yield f"{what} of {issue.stream}", issue.sentence
        for name, count in self._context.perception.accounting.degraded().items():
            yield f"messages of {name} that were not trusted", str(count)
        for camera, words in self._context.perception.degraded.familiarity.words.items():
            yield f"familiarity of camera.{camera}", words
        yield from self._calibration()
        yield "engine self-test", status.engine_self_test

    def _calibration(self) -> Iterator[tuple[str, str]]:
        """What the watch over the cameras' places came to."""
        core = self._context.perception
        for camera, state in core.calibration.states.items():
            yield f"calibration of camera.{camera}", str(state)
        if not core.calibration.states and core.config.calibration.monitor:
            yield "calibration", "not watched: that takes images and a lidar's scans in one node"


def failure_diagnostics(name: str, sentence: str, *, waiting: bool) -> DiagnosticStatus:
    """What is said of a node that can't work, or can't work yet."""
    level = DiagnosticStatus.WARN if waiting else DiagnosticStatus.ERROR
    return DiagnosticStatus(level=level, name=f"{name.lstrip('/')}: perception", message=sentence)


def _describe_engine(status: SegmentationStatus, engine: ValidatedEngine | None) -> None:
    if engine is None:
        return
    manifest = engine.bundle.manifest
    status.bundle = f"{manifest.name} {manifest.version}"
    status.bundle_sha256 = manifest.files[manifest.model]
    status.engine = engine.engine.description
    status.engine_state = _FALLBACK if engine.refused else _VALIDATED
    if not engine.self_test.validated:
        status.engine_state = _NOT_READY
    if engine.quarantined:
        status.engine_state = _FAILED
        status.warnings = [*status.warnings, engine.quarantined]
    status.engine_self_test = engine.validation
    reason = engine.unwatched
    unwatched = [SPOT_CHECK_ENDED.sentence(reason=reason)] if reason else []
    status.warnings = [*status.warnings, *unwatched, *engine.refused]
