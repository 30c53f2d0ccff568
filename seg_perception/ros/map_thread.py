"""The maps on a thread of their own: no cloud waits for them."""

from __future__ import annotations

import threading
import time
from collections import deque

from seg_perception.core.issue_kinds.places import MAP_BEHIND
from seg_perception.pipeline.map_entry import MappedScan
from seg_perception.pipeline.semantic_mapper import SemanticMapper
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.workers import Worker

# Scans that may wait while a large map is published.
_MOST_WAITING = 4
_TAKE_TIMEOUT_S = 0.1


class MapThread:
    """Enters scans into their maps, and publishes these; in place of `EntryAtOnce`."""

    def __init__(self, context: NodeContext) -> None:
        """Start."""
        self._context = context
        self._changed = threading.Condition()
        self._waiting: deque[tuple[SemanticMapper, MappedScan]] = deque()
        context.perception.map_entry = self
        self._worker = Worker("map", self._step, context.on_thread_error("map"))

    def enter(self, mapper: SemanticMapper, scan: MappedScan) -> None:
        """Take a scan over; where the map can't follow, the oldest that waits is left out."""
        with self._changed:
            is_full = len(self._waiting) >= _MOST_WAITING
            if is_full:
                self._waiting.popleft()
            self._waiting.append((mapper, scan))
            self._changed.notify()
        if is_full:
            mapper.left_out += 1
            self._context.perception.issues.add(MAP_BEHIND, "map")

    def clear(self) -> None:
        """Forget what waits."""
        with self._changed:
            self._waiting.clear()

    def stop(self) -> None:
        """Enter what waits; nothing comes any more."""
        self._worker.stop()
        while self._enter_next(0):
            continue

    def _step(self) -> None:
        self._enter_next(_TAKE_TIMEOUT_S)
        for each in self._context.perception.mappers:
            self._publish(each)

    def _enter_next(self, timeout_s: float) -> bool:
        """Enter the scan that came first; whether there was one."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._waiting, timeout_s):
                return False
            mapper, scan = self._waiting.popleft()
        mapper.add(scan.scan, scan.xyz, scan.semantic)
        return True

    def _publish(self, mapper: SemanticMapper) -> None:
        """Publish the map in real time: the node's clock stands still with a bag that is paused."""
        start = time.perf_counter()
        if self._context.outputs.publish_map(mapper, time.monotonic_ns()):
            self._context.latencies.add("publish", "map", time.perf_counter() - start)
