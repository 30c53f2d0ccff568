"""Where the robot believes to be: the truth, or an odometry that drifts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bench.memory.recording import SPEED_MPS, Recording
from seg_perception.simulation.shapes import Array


class Odometry(Protocol):
    """Poses of a drive."""

    @property
    def name(self) -> str:
        """Of the row."""
        ...

    def poses(self, recording: Recording) -> tuple[Array, Array]:
        """Times (n,), second, and T_odom_base (n, 4, 4)."""
        ...


@dataclass(frozen=True)
class Drifting:
    """Every piece of the way is measured wrong by a share of its length, half ahead, half aside.

    Attributes:
        share: 0 is the truth.
    """

    share: float = 0.0

    @property
    def name(self) -> str:
        """Of the row."""
        return f"drift of {100 * self.share:g} % of the way" if self.share else "true odometry"

    def poses(self, recording: Recording) -> tuple[Array, Array]:
        """Times (n,), second, and T_odom_base (n, 4, 4); the way between the visits counts."""
        time_s, poses = recording.poses
        steps = np.diff(poses[:, :3, 3], axis=0)
        # From the end of the drive to its beginning the robot went a loop that was not recorded.
        gap = int(np.argmax(np.diff(time_s)))
        steps[gap] = (time_s[gap + 1] - time_s[gap]) * SPEED_MPS * poses[gap, :3, 0]
        aside = np.cross(np.array([0.0, 0.0, 1.0]), steps)
        wrong = self.share / np.sqrt(2) * (steps + aside)
        drifted = poses.copy()
        drifted[1:, :3, 3] += np.cumsum(wrong, axis=0)
        return time_s, drifted


TRUE = Drifting()
DRIFTS = (Drifting(0.01), Drifting(0.02), Drifting(0.05))
