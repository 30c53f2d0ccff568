"""Whether a robot's place in a frame jumps, as that of a localisation that finds itself anew.

Where the odometry has a frame of its own, it is the judge: what both say of the last two seconds
must agree. Else the robot's own motion is: nobody's speed changes like that.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import NANOSECONDS
from seg_perception.geometry.quaternion import rotation_angle

_WINDOW_NS = 2 * NANOSECONDS
_MOST_M, _MOST_RAD = 0.5, np.radians(5.0)
# Beyond that, what a robot's change of speed explains: of way and of turn.
_ACCELERATION = 5.0
_LONGEST_STEP_NS = NANOSECONDS


@dataclass(frozen=True, eq=False)
class _Placed:
    time_ns: int
    T: NDArray[np.float64]
    T_by_odometry: NDArray[np.float64] | None


class LocalizationWatch:
    """Follows one sensor's place from scan to scan."""

    def __init__(self) -> None:
        """Start without a past."""
        self._past: deque[_Placed] = deque()

    def jumps(
        self,
        time_ns: int,
        T: NDArray[np.float64],
        T_by_odometry: NDArray[np.float64] | None = None,
    ) -> bool:
        """Whether the sensor's place is not where its past leads.

        Args:
            time_ns: of the scan; not before that of the last one.
            T: float64 (4, 4), the sensor's place in the frame.
            T_by_odometry: float64 (4, 4), its place in the odometry's frame; None: that is no
                other frame, or not known.
        """
        now = _Placed(time_ns, T, T_by_odometry)
        while self._past and time_ns - self._past[0].time_ns > _WINDOW_NS:
            self._past.popleft()
        judged = self._by_motion(now) if T_by_odometry is None else self._by_odometry(now)
        if judged:
            self._past.clear()
        self._past.append(now)
        return judged

    def _by_odometry(self, now: _Placed) -> bool:
        if not self._past or now.T_by_odometry is None:
            return False
        then = self._past[0]
        if then.T_by_odometry is None:
            return False
        went = np.linalg.inv(then.T_by_odometry) @ now.T_by_odometry
        return _differ(np.linalg.inv(then.T) @ now.T, went, _MOST_M, _MOST_RAD)

    def _by_motion(self, now: _Placed) -> bool:
        if len(self._past) < 2:
            return False
        before, last = list(self._past)[-2:]
        first_ns, passed_ns = last.time_ns - before.time_ns, now.time_ns - last.time_ns
        if not 0 < first_ns <= _LONGEST_STEP_NS or not 0 < passed_ns <= _LONGEST_STEP_NS:
            return False
        # A step over another time: its way and turn grow with it, near enough for one judgment.
        pace = passed_ns / first_ns
        went, goes = np.linalg.inv(before.T) @ last.T, np.linalg.inv(last.T) @ now.T
        off_m = float(np.linalg.norm(goes[:3, 3] - pace * went[:3, 3]))
        off_rad = abs(rotation_angle(goes[:3, :3]) - pace * rotation_angle(went[:3, :3]))
        slack = _ACCELERATION * (passed_ns / NANOSECONDS) ** 2
        return off_m > _MOST_M + slack or off_rad > _MOST_RAD + slack


def _differ(
    one: NDArray[np.float64], other: NDArray[np.float64], most_m: float, most_rad: float
) -> bool:
    apart = np.linalg.inv(one) @ other
    off_m = float(np.linalg.norm(apart[:3, 3]))
    return off_m > most_m or rotation_angle(apart[:3, :3]) > most_rad
