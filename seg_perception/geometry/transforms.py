"""A tree of frames over time, with the answers and the refusals of tf2."""

from __future__ import annotations

import bisect
import heapq
import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import TransformError
from seg_perception.core.types import NANOSECONDS
from seg_perception.geometry.quaternion import (
    Quaternion,
    matrix_to_quaternion,
    quaternion_to_matrix,
    slerp,
)

_ROUNDING = 1e-3
_MOST_NAMES = 20


@dataclass(frozen=True, eq=False)
class StampedTransform:
    """One edge of the tree at one time.

    Attributes:
        parent, child: frame names.
        stamp_ns: its time; without meaning for a static transform.
        T_parent_child: float64 (4, 4), maps points of the child into the parent.
    """

    parent: str
    child: str
    stamp_ns: int
    T_parent_child: NDArray[np.float64]


@dataclass
class _Static:
    parent: str
    T: NDArray[np.float64]

    def at(self, _stamp_ns: int) -> NDArray[np.float64]:
        return self.T


@dataclass
class _Timed:
    parent: str
    child: str
    limits: _Limits
    stamps: list[int] = field(default_factory=list)
    poses: list[tuple[Quaternion, NDArray[np.float64]]] = field(default_factory=list)

    def insert(self, stamp_ns: int, T: NDArray[np.float64]) -> None:
        pose = matrix_to_quaternion(T[:3, :3]), T[:3, 3].copy()
        index = bisect.bisect_left(self.stamps, stamp_ns)
        if index < len(self.stamps) and self.stamps[index] == stamp_ns:
            self.poses[index] = pose
            return
        self.stamps.insert(index, stamp_ns)
        self.poses.insert(index, pose)
        expired = bisect.bisect_left(self.stamps, self.stamps[-1] - self.limits.buffer_ns)
        del self.stamps[:expired], self.poses[:expired]

    def at(self, stamp_ns: int) -> NDArray[np.float64]:
        after = bisect.bisect_left(self.stamps, stamp_ns)
        if after < len(self.stamps) and self.stamps[after] == stamp_ns:
            return _matrix(*self.poses[after])
        if after in (0, len(self.stamps)):
            return self._beyond(stamp_ns, min(after, len(self.stamps) - 1))
        return self._between(stamp_ns, after)

    def _beyond(self, stamp_ns: int, nearest: int) -> NDArray[np.float64]:
        beyond_ns = abs(stamp_ns - self.stamps[nearest])
        if beyond_ns > self.limits.max_extrapolation_ns:
            is_late = stamp_ns > self.stamps[nearest]
            side = "after the newest" if is_late else "before the oldest"
            msg = (
                f"transform {self.parent} <- {self.child} is asked for {_ms(beyond_ns)} {side} "
                "one known; check that its publisher runs and that both sides share a clock"
            )
            raise TransformError(msg)
        return _matrix(*self.poses[nearest])

    def _between(self, stamp_ns: int, after: int) -> NDArray[np.float64]:
        earlier, later = self.stamps[after - 1], self.stamps[after]
        if later - earlier > self.limits.max_gap_ns:
            msg = (
                f"transform {self.parent} <- {self.child} has a gap of {_ms(later - earlier)} "
                f"at the asked time, expected at most {_ms(self.limits.max_gap_ns)}; "
                "check its publisher's rate"
            )
            raise TransformError(msg)
        share = (stamp_ns - earlier) / (later - earlier)
        (q0, t0), (q1, t1) = self.poses[after - 1], self.poses[after]
        return _matrix(slerp(q0, q1, share), t0 + share * (t1 - t0))


@dataclass(frozen=True)
class _Limits:
    buffer_ns: int
    max_extrapolation_ns: int
    max_gap_ns: int


class TransformTree:
    """Static and timed transforms; may be used from several threads.

    Between two samples translation is interpolated linearly and rotation by slerp, as in
    tf2. Beyond the samples the nearest one is held for `max_extrapolation_s`, then refused.
    """

    def __init__(
        self, buffer_s: float = 10.0, max_extrapolation_s: float = 0.0, max_gap_s: float = 1.0
    ) -> None:
        """Start empty."""
        self._lock = threading.Lock()
        self._edges: dict[str, _Static | _Timed] = {}
        self._odometry: dict[str, _Timed] = {}
        self._limits = _Limits(
            round(buffer_s * NANOSECONDS),
            round(max_extrapolation_s * NANOSECONDS),
            round(max_gap_s * NANOSECONDS),
        )

    def set_static(self, parent: str, child: str, T_parent_child: NDArray[np.float64]) -> None:
        """Set a transform, float64 (4, 4), metre, that holds at all times.

        Raises:
            TransformError: not a rigid, finite (4, 4), or a frame that would be its own parent.
        """
        _check(parent, child, T_parent_child)
        with self._lock:
            self._edges[child] = _Static(parent, T_parent_child.copy())

    def set_timed(
        self, parent: str, child: str, stamp_ns: int, T_parent_child: NDArray[np.float64]
    ) -> None:
        """Add a sample, float64 (4, 4), metre; order does not matter, one of its stamp is replaced.

        Raises:
            TransformError: not a rigid, finite (4, 4), or a frame that would be its own parent.
        """
        _check(parent, child, T_parent_child)
        with self._lock:
            self._insert(self._edges, parent, child, stamp_ns, T_parent_child)

    def set_odometry(
        self, parent: str, child: str, stamp_ns: int, T_parent_child: NDArray[np.float64]
    ) -> None:
        """Add odometry, float64 (4, 4), metre; it counts only while no transform has this child.

        Raises:
            TransformError: as `set_timed`.
        """
        _check(parent, child, T_parent_child)
        with self._lock:
            self._insert(self._odometry, parent, child, stamp_ns, T_parent_child)

    def lookup(self, target: str, source: str, stamp_ns: int) -> NDArray[np.float64]:
        """The transform that maps points of `source` into `target` at one time.

        Returns:
            float64 (4, 4), T_target_source.

        Raises:
            TransformError: a frame is not known, the two are not connected, or the time
                lies outside of what is known.
        """
        with self._lock:
            target_line, source_line = self._ancestors(target), self._ancestors(source)
            common = next((frame for frame in source_line if frame in target_line), None)
            if common is None:
                msg = (
                    f"frames {target!r} and {source!r} are not connected "
                    f"(roots {target_line[-1]!r} and {source_line[-1]!r}); "
                    "publish a transform between them"
                )
                raise TransformError(msg)
            T_common_source = self._chain(source_line, common, stamp_ns)
            T_common_target = self._chain(target_line, common, stamp_ns)
        return _inverse(T_common_target) @ T_common_source

    def lookup_between(
        self, target: str, target_stamp_ns: int, source: str, source_stamp_ns: int, fixed_frame: str
    ) -> NDArray[np.float64]:
        """Points of `source` at its time, seen from `target` at another, while `fixed_frame` rests.

        Returns:
            float64 (4, 4), T_target_source.

        Raises:
            TransformError: as `lookup`.
        """
        T_fixed_source = self.lookup(fixed_frame, source, source_stamp_ns)
        return self.lookup(target, fixed_frame, target_stamp_ns) @ T_fixed_source

    def clear_timed(self) -> None:
        """Forget all timed transforms; static ones stay."""
        with self._lock:
            self._edges = {child: e for child, e in self._edges.items() if isinstance(e, _Static)}
            self._odometry = {}

    def frames(self) -> frozenset[str]:
        """Names of all frames, parents included."""
        with self._lock:
            return frozenset(self._known())

    def ancestors(self, frame: str) -> tuple[str, ...]:
        """The frame, its parent, and so on to the root; frames of a loop once."""
        with self._lock:
            line = [frame]
            while (edge := self._edge(line[-1])) is not None and edge.parent not in line:
                line.append(edge.parent)
            return tuple(line)

    def _ancestors(self, frame: str) -> list[str]:
        line = [frame]
        while (edge := self._edge(line[-1])) is not None:
            if edge.parent in line:
                msg = f"frames {line} form a loop; two publishers disagree about who is the parent"
                raise TransformError(msg)
            line.append(edge.parent)
        if len(line) == 1 and frame not in self._known():
            msg = f"frame {frame!r} is not known, expected one of {_named(self._known())}"
            raise TransformError(msg)
        return line

    def _chain(self, line: list[str], end: str, stamp_ns: int) -> NDArray[np.float64]:
        T = np.eye(4)
        for frame in line[: line.index(end)]:
            T = (self._edges.get(frame) or self._odometry[frame]).at(stamp_ns) @ T
        return T

    def _edge(self, child: str) -> _Static | _Timed | None:
        return self._edges.get(child) or self._odometry.get(child)

    def _known(self) -> set[str]:
        edges = {**self._odometry, **self._edges}
        return set(edges) | {edge.parent for edge in edges.values()}

    def _insert(
        self,
        edges: dict[str, Any],
        parent: str,
        child: str,
        stamp_ns: int,
        T: NDArray[np.float64],
    ) -> None:
        edge = edges.get(child)
        if not isinstance(edge, _Timed) or edge.parent != parent:
            edge = edges[child] = _Timed(parent, child, self._limits)
        edge.insert(stamp_ns, T)


def _check(parent: str, child: str, T: NDArray[np.float64]) -> None:
    if T.shape != (4, 4) or not np.isfinite(T).all():
        msg = f"transform {parent} <- {child}: expected a finite (4, 4) matrix, got {T.tolist()}"
        raise TransformError(msg)
    rotation = T[:3, :3]
    if np.abs(rotation @ rotation.T - np.eye(3)).max() > _ROUNDING or T[3].tolist() != [0, 0, 0, 1]:
        msg = (
            f"transform {parent} <- {child}: expected a rotation and a translation, got "
            f"{T.tolist()}; mend its publisher"
        )
        raise TransformError(msg)
    if parent == child or not parent or not child:
        msg = f"transform {parent!r} <- {child!r}: expected two different frames"
        raise TransformError(msg)


def _matrix(q: Quaternion, t: NDArray[np.float64]) -> NDArray[np.float64]:
    T = np.eye(4)
    T[:3, :3] = quaternion_to_matrix(*q)
    T[:3, 3] = t
    return T


def _inverse(T: NDArray[np.float64]) -> NDArray[np.float64]:
    inverse = np.eye(4)
    inverse[:3, :3] = T[:3, :3].T
    inverse[:3, 3] = -T[:3, :3].T @ T[:3, 3]
    return inverse


def _named(frames: set[str]) -> str:
    """The names, as many as people read."""
    more = f" and {len(frames) - _MOST_NAMES} more" if len(frames) > _MOST_NAMES else ""
    return f"{heapq.nsmallest(_MOST_NAMES, frames)}{more}"


def _ms(ns: int) -> str:
    return f"{ns / 1e6:.0f} ms"
