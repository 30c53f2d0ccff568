"""Errors planted into a calibration that is known, and what is said of each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.calibration.worlds import STEP_S, late
from seg_perception.alignment.evidence import Evidence
from seg_perception.alignment.observation import Observation
from seg_perception.alignment.pose import CLOCK, COMPONENTS, SHIFT, TURN, change_of
from seg_perception.calibration.clock_search import OFFSETS_S
from seg_perception.calibration.finding import find

Values = NDArray[np.float64]

# "Good" is false from here on (degree, metre, second): a move of 15 cm looks like a degree, a clock
# of 30 ms is one where the robot turns by 0.6 rad/s.
FALSE = np.array([1.0, 1.0, 2.0, 0.15, 0.15, 0.20, 0.03])
# What is found is right up to there: what one stands for another by does not count against it.
RIGHT_DEG = np.array([0.75, 0.75, 1.5])


@dataclass(frozen=True)
class Plant:
    """An error: float64 (7,), by `COMPONENTS`, the clock in seconds that the stamps are late."""

    name: str
    values: tuple[float, ...] = (0.0,) * len(COMPONENTS)

    def into(self, seen: Sequence[Observation]) -> list[Observation]:
        """The same moments with the error in their poses and stamps."""
        values = np.array(self.values)
        if len(seen[0].T_camera_lidar) > 1:
            seen = late(list(seen), float(values[CLOCK]), OFFSETS_S[-1])
        return with_change(seen, change_of(values))


def with_change(seen: Sequence[Observation], change: NDArray[np.float64]) -> list[Observation]:
    """The same moments with the camera's place changed by float64 (4, 4), optical frame."""
    return [replace(one, T_camera_lidar=change @ one.T_camera_lidar) for one in seen]


@dataclass(frozen=True)
class Case:
    """What was said of one.

    Attributes:
        key: of the recording, its moments and the plant.
        source: `recordings`, `simulated` or `mismatched`.
        half: `chosen` where thresholds were chosen on it, else `reported`.
        moments: how many were looked at.
        planted: (7,), degree, metre, second.
        left: (7,), what is left of it after the correction, where there is one.
        interval: (7,), half the widths of the intervals that were stated.
        known: which components were corrected.
        level, clock: what was said; whether a clock was pointed to.
        seconds: of a core.
    """

    key: str
    source: str
    half: str
    moments: int
    planted: tuple[float, ...]
    left: tuple[float, ...]
    interval: tuple[float, ...]
    known: tuple[str, ...]
    level: str
    clock: bool
    seconds: float

    @property
    def is_true(self) -> bool:
        """Whether nothing was planted."""
        return not any(self.planted)

    @property
    def is_good(self) -> bool:
        """Whether it was called good, without a word of the clock."""
        return self.level == "good" and not self.clock

    @property
    def is_false_good(self) -> bool:
        """Whether a wrong calibration was called good."""
        return self.is_good and bool((np.abs(self.planted) >= FALSE).any())

    @property
    def is_false_alarm(self) -> bool:
        """Whether the true pose was called off by what it can't be."""
        return self.level == "off" and self.is_true and not self.is_right

    @property
    def is_right(self) -> bool:
        """Whether the search lands at the true pose, as a turn."""
        return bool((np.abs(self.left[TURN]) <= RIGHT_DEG).all())

    def to_json(self) -> dict[str, Any]:
        """A line of the results."""
        return asdict(self)

    @classmethod
    def from_json(cls, line: dict[str, Any]) -> Case:
        """The same back."""
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in line.items()})


def say(
    key: str, source: str, half: str, seen: Sequence[Observation], plant: Plant, *, only_turn: bool
) -> Case:
    """Plant an error and search it."""
    start_s = time.process_time()
    finding = find(Evidence(plant.into(seen)), only_turn=only_turn)
    level, _ = finding.judge()
    planted = np.array(plant.values)
    left = planted
    if level != "undecided":
        left = _left(finding.change @ change_of(planted), planted[CLOCK] + finding.clock_s)
    interval = (
        *finding.turn_interval_deg,
        *finding.shift_interval_m,
        finding.clock_interval_s,
    )
    return Case(
        key=key,
        source=source,
        half=half,
        moments=len(seen),
        planted=tuple(planted.tolist()),
        left=tuple(left.tolist()),
        interval=tuple(float(one) for one in interval),
        known=finding.known,
        level=level,
        clock=finding.hinted_clock_s is not None or "clock" in finding.known,
        seconds=time.process_time() - start_s,
    )


def _left(T: NDArray[np.float64], clock_s: float) -> Values:
    about = np.degrees(cv2.Rodrigues(T[:3, :3])[0][:, 0])
    left: Values = np.array([*about, *T[:3, 3], clock_s])
    return left


def nothing() -> Plant:
    """The true calibration."""
    return Plant("true")


def at_random(seed: int) -> Plant:
    """Anything within 3 degrees, 20 cm and 60 ms along every axis."""
    random = np.random.default_rng(seed)
    most = np.array([3.0, 3.0, 3.0, 0.2, 0.2, 0.2, 0.06])
    values = random.uniform(-most, most)
    values[CLOCK] = STEP_S * round(values[CLOCK] / STEP_S)
    return Plant(f"random {seed}", tuple(values.tolist()))


def grid(seed: int) -> list[Plant]:
    """One thing at a time: turns up to 5 degrees, moves up to 20 cm, clocks up to 60 ms."""
    random = np.random.default_rng(seed)
    plants = []
    for size in (0.5, 1.0, 2.0, 3.0, 5.0):
        values = np.zeros(len(COMPONENTS))
        # One size along one axis, which one by turns.
        values[random.integers(3)] = size * random.choice([-1, 1])
        plants.append(Plant(f"turned {size:g}", tuple(values.tolist())))
    for size in (0.05, 0.1, 0.2):
        values = np.zeros(len(COMPONENTS))
        values[SHIFT.start + random.integers(3)] = size * random.choice([-1, 1])
        plants.append(Plant(f"moved {size:g}", tuple(values.tolist())))
    for size in (0.01, 0.03, 0.06):
        values = np.zeros(len(COMPONENTS))
        values[CLOCK] = size * random.choice([-1, 1])
        plants.append(Plant(f"late {size:g}", tuple(values.tolist())))
    return plants


def turned(seed: int) -> list[Plant]:
    """Turns about all axes at once, of each size, either way by chance."""
    random = np.random.default_rng(seed)
    plants = []
    for size in (0.5, 1.0, 2.0, 3.0, 4.0):
        turns = size * random.choice([-1, 1], 3)
        plants.append(Plant(f"turned {size:g} about all", (*turns.tolist(), 0, 0, 0, 0)))
    return plants
