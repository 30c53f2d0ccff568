"""One edge of a tree of frames: a transform that always holds, or samples over time."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import TransformError
from seg_perception.geometry.quaternion import (
    Quaternion,
    matrix_to_quaternion,
    quaternion_to_matrix,
    quaternions_to_matrices,
    slerp,
    slerp_all,
)


@dataclass(frozen=True)
class Limits:
    """How long samples are kept, and how far from one the transform counts as known."""

    buffer_ns: int
    max_extrapolation_ns: int
    max_gap_ns: int


@dataclass
class StaticEdge:
    """A transform, float64 (4, 4), metre, that holds at all times."""

    parent: str
    T: NDArray[np.float64]

    def at(self, _stamp_ns: int) -> NDArray[np.float64]:
        """T_parent_child, float64 (4, 4)."""
        return self.T

    def at_all(self, _stamps_ns: NDArray[np.int64]) -> NDArray[np.float64]:
        """T_parent_child, float64 (4, 4): one for all times."""
        return self.T


@dataclass
class TimedEdge:
    """Samples of a transform, in the order of their stamps."""

    parent: str
    child: str
    limits: Limits
    stamps: list[int] = field(default_factory=list)
    poses: list[tuple[Quaternion, NDArray[np.float64]]] = field(default_factory=list)

    def insert(self, stamp_ns: int, T: NDArray[np.float64]) -> None:
        """Add a sample, float64 (4, 4), metre; one of its stamp is replaced, old ones go."""
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
        """T_parent_child at one time, float64 (4, 4).

        Raises:
            TransformError: the time lies outside of what is known.
        """
        after = bisect.bisect_left(self.stamps, stamp_ns)
        if after < len(self.stamps) and self.stamps[after] == stamp_ns:
            return _matrix(*self.poses[after])
        if after in (0, len(self.stamps)):
            return self._beyond(stamp_ns, min(after, len(self.stamps) - 1))
        return self._between(stamp_ns, after)

    def at_all(self, stamps_ns: NDArray[np.int64]) -> NDArray[np.float64]:
        """T_parent_child at many times, int64 (N,): float64 (N, 4, 4).

        Raises:
            TransformError: as `at`, for one of the times.
        """
        first, last = int(stamps_ns.min()), int(stamps_ns.max())
        self.at(first), self.at(last)
        start = max(0, bisect.bisect_right(self.stamps, first) - 1)
        end = bisect.bisect_left(self.stamps, last) + 1
        known = np.array(self.stamps[start:end])
        times = np.clip(stamps_ns, known[0], known[-1])
        after = np.searchsorted(known, times)
        before = np.maximum(after - 1, 0)
        gap = known[after] - known[before]
        unknown = (gap > self.limits.max_gap_ns) & (times != known[after])
        if unknown.any():
            self.at(int(times[unknown][0]))
        share = (times - known[before]) / np.maximum(gap, 1)
        poses = self.poses[start:end]
        q, t = np.array([q for q, _ in poses]), np.array([t for _, t in poses])
        T = np.zeros((len(times), 4, 4))
        T[:, :3, :3] = quaternions_to_matrices(slerp_all(q[before], q[after], share))
        T[:, :3, 3] = t[before] + share[:, None] * (t[after] - t[before])
        T[:, 3, 3] = 1
        return T

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


Edge = StaticEdge | TimedEdge


def _matrix(q: Quaternion, t: NDArray[np.float64]) -> NDArray[np.float64]:
    T = np.eye(4)
    T[:3, :3] = quaternion_to_matrix(*q)
    T[:3, 3] = t
    return T


def _ms(ns: int) -> str:
    return f"{ns / 1e6:.0f} ms"
