"""Notices a camera whose labels a lidar contradicts: sky that returns a pulse, ground overhead."""

from __future__ import annotations

import threading

from seg_perception.core.issue_kinds.views import CONTRADICTED
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.types import LabelMap, SemanticCloud
from seg_perception.pipeline.lasting_faults import LastingFaults

# Outlines of crowns, and what a model takes for sky, are a few percent.
_MOST = 0.12


class ContradictionWatch:
    """The share of points whose label can't be, camera by camera; clouds may come from threads."""

    def __init__(self, issues: IssueLog) -> None:
        """Start without any cloud; `issues` is told of cameras."""
        self._lasting = LastingFaults(issues)
        self._degraded: set[str] = set()
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Forget what was seen: the clock jumped."""
        with self._lock:
            self._lasting.clear()
            self._degraded.clear()

    def state(self) -> str:
        """All that is remembered, in words that are the same where it is the same."""
        with self._lock:
            return f"{sorted(self._degraded)} {self._lasting.state()}"

    def take(self, semantic: SemanticCloud) -> None:
        """Take in a lidar's labelled scan."""
        stamp_ns = semantic.cloud.stamp_ns
        for camera, share in zip(semantic.cameras, semantic.contradicted, strict=False):
            numbers = {"share_percent": round(100 * share), "sensor": semantic.sensor}
            found = numbers if share > _MOST else None
            with self._lock:
                if self._lasting.has(camera, CONTRADICTED, found, stamp_ns):
                    self._degraded.add(camera)
                else:
                    self._degraded.discard(camera)

    def is_degraded(self, label_map: LabelMap) -> bool:
        """Whether a camera is contradicted, until a scan says otherwise."""
        with self._lock:
            return label_map.camera in self._degraded
