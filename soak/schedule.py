"""When which fault comes: every kind once, then for as long as there is time."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from soak.faults import FAULTS, reloaded
from soak.world import Script, World

# A gap between two faults, at pace 1.
_GAP_S = (4.0, 7.0)
_SHORTEST_GAP_S = 0.8
# So much of a gap goes by before everything is as it was.
_RECOVERY_SHARE = 0.5


@dataclass(frozen=True)
class Event:
    """A fault that was.

    Attributes:
        name: of its script.
        begin_s, end_s: since the start of the schedule.
    """

    name: str
    begin_s: float
    end_s: float


class Schedule:
    """Plays one fault after the other, with gaps.

    Attributes:
        events: what was.
        warm_s: when every kind had been once; None before.
    """

    def __init__(self, world: World, reload_s: float | None = None) -> None:
        """Start with a gap.

        Args:
            world: among whose sensors the node runs.
            reload_s: the model is unloaded and loaded this often, beside the other faults.
        """
        self._reload_s, self._reloaded_s = reload_s, 0.0
        self.events: list[Event] = []
        self.warm_s: float | None = None
        self._world = world
        self._began_s = time.monotonic()
        self._order = _endless(world.rng)
        self._script: Script | None = None
        self._name, self._script_began_s = "", 0.0
        self._due_s = self._calm_s = 0.0
        self._rest()

    @property
    def now_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began_s

    @property
    def is_calm(self) -> bool:
        """Whether no fault is on, and the last one is over for a while."""
        return self._script is None and self.now_s >= self._calm_s

    def counts(self) -> dict[str, int]:
        """How often each kind was."""
        return dict(Counter(event.name for event in self.events))

    def step(self) -> None:
        """Go on with what is due."""
        if self.now_s < self._due_s:
            return
        if self._script is None:
            make = self._next()
            self._script, self._name = make(self._world), make.__name__
            self._script_began_s = self.now_s
            self._world.robot.calm = False
        try:
            self._due_s = self.now_s + next(self._script)
        except StopIteration:
            self._finish()

    def _next(self) -> Callable[[World], Script]:
        due = self._reload_s is not None and self.now_s - self._reloaded_s >= self._reload_s
        make = reloaded if due else next(self._order)
        if make is reloaded:
            self._reloaded_s = self.now_s
        return make

    def close(self) -> None:
        """End the fault that is on."""
        if self._script is not None:
            self._script.close()
            self._finish()

    def _finish(self) -> None:
        self.events.append(Event(self._name, self._script_began_s, self.now_s))
        self._script = None
        if self.warm_s is None and len(self.counts()) == len(FAULTS):
            self.warm_s = self.now_s
        self._rest()

    def _rest(self) -> None:
        gap_s = max(_SHORTEST_GAP_S, self._world.rng.uniform(*_GAP_S) * self._world.pace)
        self._calm_s = self.now_s + _RECOVERY_SHARE * gap_s
        self._due_s = self.now_s + gap_s


def _endless(rng: random.Random) -> Iterator[Callable[[World], Script]]:
    """All kinds in a random order, again and again."""
    while True:
        yield from rng.sample(FAULTS, len(FAULTS))
