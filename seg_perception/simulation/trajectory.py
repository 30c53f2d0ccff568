"""How the robot drives: it winds along the track, and rolls and pitches over the ground."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from seg_perception.simulation.shapes import Array
from seg_perception.simulation.terrain import Terrain
from seg_perception.simulation.track import Track

TF_RATE_HZ = 50
MARGIN_S = 1.0
_HALF_WHEELBASE_M, _HALF_TREAD_M = 0.32, 0.28
_SUSPENSION_STEPS = 5


@dataclass(frozen=True)
class RobotState:
    """Velocity of the robot at one time.

    Attributes:
        linear: float64 (3,), metre a second, world frame.
        angular: float64 (3,), radian a second, world frame.
    """

    linear: Array
    angular: Array


class LateralPath(Protocol):
    """How far the robot keeps from the track's centre."""

    def lateral_m(self, arc_m: Array) -> Array:
        """To the left, float64 (n,), metre, at distances, float64 (n,), along the track."""
        ...


@dataclass(frozen=True)
class Oscillation:
    """An unhurried driver: now more, now less from side to side."""

    amplitude_m: float = 0.38
    period_m: float = 6.4

    def lateral_m(self, arc_m: Array) -> Array:
        """A sine whose strength comes and goes; float64 (n,) as in `LateralPath`."""
        strength = 0.62 + 0.38 * np.sin(arc_m / 11.0)
        lateral: Array = self.amplitude_m * strength * np.sin(2 * np.pi * arc_m / self.period_m)
        return lateral


@dataclass(frozen=True)
class Slalom:
    """Turns at a steady rate, left and right by turns.

    Attributes:
        curvature_radpm: yaw rate over speed; a straight track assumed.
        arc_m: length of one turn.
    """

    curvature_radpm: float
    arc_m: float = 1.5

    def lateral_m(self, arc_m: Array) -> Array:
        """Parabolas that join with one heading; float64 (n,) as in `LateralPath`."""
        turn = np.floor(arc_m / self.arc_m)
        within = arc_m - turn * self.arc_m
        sign = np.where(turn % 2 == 0, 1.0, -1.0)
        lateral: Array = sign * self.curvature_radpm / 2 * within * (within - self.arc_m)
        return lateral


class Trajectory:
    """The robot's pose at any time of a drive: samples at 50 Hz, linear in between."""

    def __init__(
        self,
        track: Track,
        terrain: Terrain,
        speed_mps: float,
        duration_s: float,
        lateral_path: LateralPath | None = None,
    ) -> None:
        """Drive once.

        Args:
            track: the line that is followed.
            terrain: what the wheels stand on.
            speed_mps: along the robot's own path.
            duration_s: length of the drive; a second more is known on either side.
            lateral_path: how; None: `Oscillation`.
        """
        steps = int(np.ceil((duration_s + 2 * MARGIN_S) * TF_RATE_HZ)) + 1
        self._time = np.arange(steps) / TF_RATE_HZ - MARGIN_S
        place, yaw = _driven_path(track, lateral_path or Oscillation(), speed_mps, self._time)
        height, roll, pitch = _rest_on_wheels(terrain, place, yaw)
        self._samples = np.column_stack([place, height, roll, pitch, yaw])

    def poses(self, time_s: Array) -> Array:
        """T_world_base, float64 (n, 4, 4), at times (n,), second, since the start."""
        x, y, z, roll, pitch, yaw = self._interpolate(np.atleast_1d(time_s))
        cr, sr, cp, sp = np.cos(roll), np.sin(roll), np.cos(pitch), np.sin(pitch)
        cy, sy = np.cos(yaw), np.sin(yaw)
        rows = [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr, x],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr, y],
            [-sp, cp * sr, cp * cr, z],
            [0 * x, 0 * x, 0 * x, 1 + 0 * x],
        ]
        poses: Array = np.moveaxis(np.array(rows), 2, 0)
        return poses

    def pose(self, time_s: float) -> Array:
        """T_world_base, float64 (4, 4), at one time since the start."""
        pose: Array = self.poses(np.array([time_s]))[0]
        return pose

    def motion(self, time_s: float) -> RobotState:
        """Velocity by central difference over a sample's length."""
        half = 0.5 / TF_RATE_HZ
        before, now, after = self.poses(np.array([time_s - half, time_s, time_s + half]))
        linear = (after[:3, 3] - before[:3, 3]) / (2 * half)
        spin = (after[:3, :3] - before[:3, :3]) / (2 * half) @ now[:3, :3].T
        twice = spin - spin.T
        return RobotState(linear, np.array([twice[2, 1], twice[0, 2], twice[1, 0]]) / 2)

    def _interpolate(self, time_s: Array) -> list[Array]:
        return [np.interp(time_s, self._time, column) for column in self._samples.T]


def _driven_path(
    track: Track, lateral_path: LateralPath, speed_mps: float, time_s: Array
) -> tuple[Array, Array]:
    """Positions (n, 2) at constant speed, and headings (n,) along the path."""
    start, end = time_s[0] * speed_mps - 1.0, time_s[-1] * speed_mps + 1.0
    arc = np.arange(start, end * 1.02 + 2.0, 0.02)
    path, _ = track.at(arc, lateral_path.lateral_m(arc))
    driven = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    driven -= np.interp(0.0, arc, driven)
    heading = np.unwrap(np.arctan2(*np.gradient(path, axis=0).T[::-1]))
    wanted = time_s * speed_mps
    place = np.column_stack([np.interp(wanted, driven, path[:, axis]) for axis in (0, 1)])
    return place, np.interp(wanted, driven, heading)


def _rest_on_wheels(terrain: Terrain, place: Array, yaw: Array) -> tuple[Array, Array, Array]:
    """Height, roll and pitch (n,) on four sprung wheels; REP-103: nose down is positive."""
    forward = np.stack([np.cos(yaw), np.sin(yaw)], axis=1) * _HALF_WHEELBASE_M
    left = np.stack([-np.sin(yaw), np.cos(yaw)], axis=1) * _HALF_TREAD_M
    corners = [place + f * forward + s * left for f in (1, -1) for s in (1, -1)]
    fl, fr, rl, rr = (_smooth(terrain.height(c[:, 0], c[:, 1])) for c in corners)
    roll = np.arctan2((fl + rl - fr - rr) / 2, 2 * _HALF_TREAD_M)
    pitch = -np.arctan2((fl + fr - rl - rr) / 2, 2 * _HALF_WHEELBASE_M)
    return (fl + fr + rl + rr) / 4, roll, pitch


def _smooth(heights: Array) -> Array:
    """What the suspension leaves of the bumps: a Gaussian window over a tenth of a second."""
    reach = np.arange(-2 * _SUSPENSION_STEPS, 2 * _SUSPENSION_STEPS + 1)
    window = np.exp(-0.5 * (reach / _SUSPENSION_STEPS) ** 2)
    padded = np.pad(heights, 2 * _SUSPENSION_STEPS, mode="edge")
    smoothed: Array = np.convolve(padded, window / window.sum(), mode="valid")
    return smoothed
