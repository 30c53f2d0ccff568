"""How the node is doing: `~/status` in numbers, `/diagnostics` in words."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from seg_perception.inference.engine import ProvenEngine
from seg_perception.io.messages import (
    Header,
    ReasonCount,
    SegmentationStatus,
    StageLatency,
    StreamStatus,
)
from seg_perception.ledger import StreamCount
from seg_perception.nodes.conversions import message_class, to_ros
from seg_perception.nodes.inputs import StreamInput
from seg_perception.nodes.parts import Part
from seg_perception.nodes.qos import output_profile
from seg_perception.nodes.runtime import Runtime
from seg_perception.nodes.timers import steady_timer
from seg_perception.replay.diagnosis import Evidence, diagnose
from seg_perception.topics import STATUS
from seg_perception.types import NANOSECONDS, PointStatus

# Causes are looked for in what happened within about this time.
WINDOW_S = 5.0
# A clock that counts since boot is nowhere near the year 1980.
_BOOT_NS = 10 * 365 * 86_400 * NANOSECONDS
_FUTURE_S = 0.1
_KINDS = {"camera": 0, "lidar": 1, "radar": 2}
_NOT_READY, _PROVEN, _FALLBACK, _FAILED = 0, 1, 2, 3

Counts = Mapping[str, StreamCount]
Points = Mapping[str, Mapping[PointStatus, int]]


@dataclass(frozen=True)
class _Sample:
    """The counts of one moment."""

    at_s: float
    counts: Counts
    points: Points


class Health:
    """Follows the counts of one activation and says what is wrong lately."""

    def __init__(self, runtime: Runtime, parts: Sequence[Part]) -> None:
        """Follow."""
        self._runtime = runtime
        self._parts = parts
        self._samples = deque([self._sample()])

    @property
    def streams(self) -> list[StreamInput]:
        """Every stream of every part."""
        return [source for part in self._parts for source in part.streams]

    def warnings(self) -> list[str]:
        """What is wrong now, one sentence each; takes a sample."""
        now = self._sample()
        while len(self._samples) > 1 and now.at_s - self._samples[1].at_s >= WINDOW_S:
            self._samples.popleft()
        before = self._samples[0]
        self._samples.append(now)
        listed = [problem for part in self._parts for problem in part.problems()]
        if now.at_s - before.at_s >= WINDOW_S:
            listed += diagnose(self._runtime.config, self._evidence(before, now))
        return [*listed, *self._clock_problems()]

    def _sample(self) -> _Sample:
        ledger = self._runtime.perception.ledger
        return _Sample(time.monotonic(), ledger.snapshot(), ledger.points())

    def _evidence(self, before: _Sample, now: _Sample) -> Evidence:
        return Evidence(
            counts={n: _difference(c, before.counts.get(n)) for n, c in now.counts.items()},
            points={n: _fewer(p, before.points.get(n, {})) for n, p in now.points.items()},
            frames=self._runtime.frames,
            stamps=self._runtime.clock.newest,
            without_lens=frozenset(),  # the parts say so themselves, with the topic
            transforms=self._runtime.perception.transforms,
        )

    def _clock_problems(self) -> Iterator[str]:
        now_ns = self._runtime.clock.now_ns()
        for source in self.streams:
            stamp_ns = self._runtime.clock.newest.get(source.stream)
            if stamp_ns is None:
                continue
            ahead_s = (stamp_ns - now_ns) / NANOSECONDS
            if stamp_ns < _BOOT_NS < now_ns:
                yield (
                    f"{source.stream}: stamps count from the sensor's start, not from 1970; "
                    "set its driver to PTP or to the host's time"
                )
            elif ahead_s > _FUTURE_S:
                yield (
                    f"{source.stream}: stamps lie {ahead_s:.2f} s in the future; synchronise the "
                    "clocks, or set use_sim_time with a bag"
                )


def _difference(now: StreamCount, before: StreamCount | None) -> StreamCount:
    if before is None:
        return now
    dropped = {r: n - before.dropped.get(r, 0) for r, n in now.dropped.items()}
    return StreamCount(
        now.received - before.received,
        now.published - before.published,
        {reason: count for reason, count in dropped.items() if count},
        now.in_flight,
    )


def _fewer(
    now: Mapping[PointStatus, int], before: Mapping[PointStatus, int]
) -> dict[PointStatus, int]:
    return {status: now[status] - before.get(status, 0) for status in PointStatus}


class StatusPublisher:
    """Publishes status and diagnostics of one activation, once a period."""

    def __init__(
        self, runtime: Runtime, parts: Sequence[Part], engine: ProvenEngine | None
    ) -> None:
        """Advertise both and start the timer."""
        self._runtime = runtime
        self._engine = engine
        self._health = Health(runtime, parts)
        node, period_s = runtime.node, runtime.config.node.status_period_s
        kind = message_class(SegmentationStatus.type_name)
        self._status = node.create_publisher(kind, STATUS, output_profile())
        self._diagnostics = node.create_publisher(DiagnosticArray, "/diagnostics", output_profile())
        self._last = _Sample(time.monotonic(), {}, {})
        self._timer = steady_timer(node, period_s, self.publish)

    def publish(self) -> None:
        """Publish both now."""
        warnings = self._health.warnings()
        status = self._make_status(warnings)
        self._status.publish(to_ros(status))
        self._diagnostics.publish(self._make_diagnostics(status))

    def close(self) -> None:
        """Publish a last time, then stop."""
        self.publish()
        node = self._runtime.node
        node.destroy_timer(self._timer)
        node.destroy_publisher(self._status)
        node.destroy_publisher(self._diagnostics)

    def _make_status(self, warnings: list[str]) -> SegmentationStatus:
        ledger = self._runtime.perception.ledger
        now = _Sample(time.monotonic(), ledger.snapshot(), ledger.points())
        last, self._last = self._last, now
        status = SegmentationStatus(
            header=Header.at(self._runtime.clock.now_ns(), ""),
            ontology=self._runtime.ontology.name,
            interval_s=now.at_s - last.at_s,
            streams=[self._stream(source, now, last) for source in self._health.streams],
            latencies=self._latencies(),
            warnings=warnings,
        )
        _describe_engine(status, self._engine)
        return status

    def _stream(self, source: StreamInput, now: _Sample, last: _Sample) -> StreamStatus:
        kind, _, name = source.stream.partition(".")
        count = now.counts[source.stream]
        new = _difference(count, last.counts.get(source.stream))
        interval_s = max(now.at_s - last.at_s, 1e-3)
        stamp_ns = self._runtime.clock.newest.get(source.stream)
        age_s = float("nan")
        if stamp_ns is not None:
            age_s = (self._runtime.clock.now_ns() - stamp_ns) / NANOSECONDS
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
            for (stage, stream), p in self._runtime.latencies.take_lately().items()
        ]

    def _make_diagnostics(self, status: SegmentationStatus) -> DiagnosticArray:
        node = self._runtime.node
        entry = DiagnosticStatus(
            level=DiagnosticStatus.WARN if status.warnings else DiagnosticStatus.OK,
            name=f"{node.get_fully_qualified_name().lstrip('/')}: perception",
            message="; ".join(status.warnings) or "all inputs give results",
            hardware_id=status.engine,
            values=[KeyValue(key=k, value=v) for k, v in _values(status)],
        )
        array = DiagnosticArray(status=[entry])
        array.header.stamp = node.get_clock().now().to_msg()
        return array


def failure_diagnostics(name: str, sentence: str) -> DiagnosticStatus:
    """What is said of a node that can't work."""
    return DiagnosticStatus(
        level=DiagnosticStatus.ERROR, name=f"{name.lstrip('/')}: perception", message=sentence
    )


def _describe_engine(status: SegmentationStatus, engine: ProvenEngine | None) -> None:
    if engine is None:
        return
    manifest = engine.bundle.manifest
    status.bundle = f"{manifest.name} {manifest.version}"
    status.bundle_sha256 = manifest.files[manifest.model]
    status.engine = engine.engine.description
    status.engine_verdict = _FALLBACK if engine.refused else _PROVEN
    if not engine.verdict.proven:
        status.engine_verdict = _NOT_READY
    status.engine_proof = engine.verdict.detail
    status.warnings = [*status.warnings, *engine.refused]


def _values(status: SegmentationStatus) -> Iterator[tuple[str, str]]:
    for stream in status.streams:
        dropped = ", ".join(f"{d.count} {d.reason}" for d in stream.dropped) or "none"
        fate = f"received {stream.received}, published {stream.published}, dropped {dropped}"
        flow = f"in flight {stream.in_flight}, {stream.published_hz:.1f} Hz"
        yield stream.topic, f"{fate}, {flow}"
    yield "engine proof", status.engine_proof
