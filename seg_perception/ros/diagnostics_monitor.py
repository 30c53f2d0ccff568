"""What is wrong with the inputs lately, in words."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from seg_perception.config.input_topics import TF
from seg_perception.core.issue_kinds.clocks import (
    NO_CLOCK,
    STAMPS_IN_FUTURE,
    STAMPS_SINCE_BOOT,
)
from seg_perception.core.issue_kinds.inputs import SHARED_OUTPUT, TWIN_NODE, TWO_PUBLISHERS
from seg_perception.core.issue_log import Issue
from seg_perception.core.message_accounting import StreamCount
from seg_perception.core.types import NANOSECONDS, PointStatus
from seg_perception.outputs.topics import STATUS
from seg_perception.pipeline.diagnosis import (
    Evidence,
    diagnose,
    of_enabled,
    streams_in_millimetres,
)
from seg_perception.pipeline.frame_diagnosis import find_namespaced_tf
from seg_perception.pipeline.stamp_watch import BOOT_NS
from seg_perception.ros.component import Component
from seg_perception.ros.inputs import StreamInput
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.node_graph import NodeGraph

# Causes are looked for in what happened within about this time.
WINDOW_S = 5.0
_FUTURE_S = 0.1

Counts = Mapping[str, StreamCount]
Points = Mapping[str, Mapping[PointStatus, int]]


@dataclass(frozen=True)
class Sample:
    """The counts of one moment."""

    at_s: float
    counts: Counts
    points: Points


class DiagnosticsMonitor:
    """Follows the counts of one activation and says what is wrong lately."""

    def __init__(self, context: NodeContext, components: Sequence[Component]) -> None:
        """Follow."""
        self._context = context
        self._components = components
        self._samples = deque([self.sample()])

    @property
    def streams(self) -> list[StreamInput]:
        """Every stream of every component."""
        return [source for component in self._components for source in component.streams]

    def issues(self) -> list[Issue]:
        """What is wrong now; takes a sample."""
        now = self.sample()
        while len(self._samples) > 1 and now.at_s - self._samples[1].at_s >= WINDOW_S:
            self._samples.popleft()
        before = self._samples[0]
        self._samples.append(now)
        met = self._context.perception.issues.lately(WINDOW_S)
        found = [issue for issue in met if issue.level != "note"]
        if now.at_s - before.at_s >= WINDOW_S:
            found += diagnose(self._context.config, self._evidence(before, now))
        found += [*self._clock_issues(), *self._graph_issues()]
        return of_enabled(self._context.config, found)

    def sample(self) -> Sample:
        """The counts of this moment."""
        accounting = self._context.perception.accounting
        return Sample(time.monotonic(), accounting.snapshot(), accounting.points())

    def _evidence(self, before: Sample, now: Sample) -> Evidence:
        return Evidence(
            counts={n: new_counts(c, before.counts.get(n)) for n, c in now.counts.items()},
            points={n: _fewer(p, before.points.get(n, {})) for n, p in now.points.items()},
            frames=self._context.frames,
            stamps=self._context.clock.newest,
            transforms=self._context.sensors.transforms,
            in_millimetres=streams_in_millimetres(self._context.perception.issues.lately(WINDOW_S)),
        )

    def _clock_issues(self) -> Iterator[Issue]:
        clock = self._context.clock
        now_ns = clock.now_ns()
        if clock.is_simulated and now_ns == 0:
            yield Issue.of(NO_CLOCK, "")
            return
        remedy = "check what publishes /clock" if clock.is_simulated else "set use_sim_time"
        for source in self.streams:
            stamp_ns = clock.newest.get(source.stream, 0)
            ahead_s = (stamp_ns - now_ns) / NANOSECONDS
            if 0 < stamp_ns < BOOT_NS < now_ns:
                yield Issue.of(STAMPS_SINCE_BOOT, source.stream)
            elif stamp_ns and ahead_s > _FUTURE_S:
                yield Issue.of(STAMPS_IN_FUTURE, source.stream, ahead_s=ahead_s, remedy=remedy)

    def _graph_issues(self) -> Iterator[Issue]:
        """What other nodes do that they should not."""
        node = self._context.node
        graph = NodeGraph(node)
        if node.resolve_topic_name(TF) == TF:
            yield from find_namespaced_tf(graph.transform_topics())
        for source in self.streams:
            if len(senders := graph.publishers(source.topic)) > 1:
                yield Issue.of(
                    TWO_PUBLISHERS, source.stream, topic=source.topic, nodes=", ".join(senders)
                )
        yield from self._duplicates(graph)

    def _duplicates(self, graph: NodeGraph) -> Iterator[Issue]:
        """Topics of the node that somebody else publishes too."""
        node = self._context.node
        name, topic = node.get_fully_qualified_name(), node.resolve_topic_name(STATUS)
        if (others := len(graph.publishers(topic)) - 1) > 0:
            yield Issue.of(TWIN_NODE, "", others=others, topic=topic, node=name)
            return
        shared = {t: graph.others(t) for t in self._context.topics}
        shared = {topic: nodes for topic, nodes in shared.items() if nodes}
        if shared:
            topic, nodes = next(iter(shared.items()))
            more = f" and {len(shared) - 1} more" if len(shared) > 1 else ""
            yield Issue.of(SHARED_OUTPUT, "", topic=topic, more=more, nodes=", ".join(nodes))


def new_counts(now: StreamCount, before: StreamCount | None) -> StreamCount:
    """What was counted between two moments; what is in flight is so now."""
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
