"""A tree of frames over time, with the answers and the refusals of tf2."""

from __future__ import annotations

import heapq
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import TransformError
from seg_perception.core.types import NANOSECONDS
from seg_perception.geometry.transform_edges import Edge, Limits, StaticEdge, TimedEdge

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
        self._edges: dict[str, Edge] = {}
        self._odometry: dict[str, TimedEdge] = {}
        self._limits = Limits(
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
            self._edges[child] = StaticEdge(parent, T_parent_child.copy())

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
            to_target, to_source = self._branches(target, source)
            T_common_source = _chain(to_source, stamp_ns)
            T_common_target = _chain(to_target, stamp_ns)
        return _inverse(T_common_target) @ T_common_source

    def lookup_all(
        self, target: str, source: str, stamps_ns: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """The transform that maps points of `source` into `target`, at many times at once.

        Args:
            target, source: frame names.
            stamps_ns: int64 (N,), at least one.

        Returns:
            float64 (N, 4, 4), T_target_source of each time.

        Raises:
            TransformError: as `lookup`, for one of the times.
        """
        with self._lock:
            to_target, to_source = self._branches(target, source)
            T_common_source = _chain_all(to_source, stamps_ns)
            T_common_target = _chain_all(to_target, stamps_ns)
        T: NDArray[np.float64] = _inverse_all(T_common_target) @ T_common_source
        return T

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
            self._edges = {
                child: e for child, e in self._edges.items() if isinstance(e, StaticEdge)
            }
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

    def _branches(self, target: str, source: str) -> tuple[list[Edge], list[Edge]]:
        """The edges up from either frame to the first that both descend from."""
        target_line, source_line = self._ancestors(target), self._ancestors(source)
        common = next((frame for frame in source_line if frame in target_line), None)
        if common is None:
            msg = (
                f"frames {target!r} and {source!r} are not connected "
                f"(roots {target_line[-1]!r} and {source_line[-1]!r}); "
                "publish a transform between them"
            )
            raise TransformError(msg)
        return self._branch(target_line, common), self._branch(source_line, common)

    def _branch(self, line: list[str], end: str) -> list[Edge]:
        frames = line[: line.index(end)]
        return [self._edges.get(frame) or self._odometry[frame] for frame in frames]

    def _edge(self, child: str) -> Edge | None:
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
        if not isinstance(edge, TimedEdge) or edge.parent != parent:
            edge = edges[child] = TimedEdge(parent, child, self._limits)
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


def _chain(edges: list[Edge], stamp_ns: int) -> NDArray[np.float64]:
    T = np.eye(4)
    for edge in edges:
        T = edge.at(stamp_ns) @ T
    return T


def _chain_all(edges: list[Edge], stamps_ns: NDArray[np.int64]) -> NDArray[np.float64]:
    T = np.eye(4)
    for edge in edges:
        T = edge.at_all(stamps_ns) @ T
    return np.broadcast_to(T, (len(stamps_ns), 4, 4))


def _inverse(T: NDArray[np.float64]) -> NDArray[np.float64]:
    inverse = np.eye(4)
    inverse[:3, :3] = T[:3, :3].T
    inverse[:3, 3] = -T[:3, :3].T @ T[:3, 3]
    return inverse


def _inverse_all(T: NDArray[np.float64]) -> NDArray[np.float64]:
    inverse = np.zeros_like(T)
    rotation = T[:, :3, :3].swapaxes(1, 2)
    inverse[:, :3, :3] = rotation
    inverse[:, :3, 3:] = -rotation @ T[:, :3, 3:]
    inverse[:, 3, 3] = 1
    return inverse


def _named(frames: set[str]) -> str:
    """The names, as many as people read."""
    more = f" and {len(frames) - _MOST_NAMES} more" if len(frames) > _MOST_NAMES else ""
    return f"{heapq.nsmallest(_MOST_NAMES, frames)}{more}"
