"""How many images are decoded ahead of the engine: enough to keep it busy, and no more."""

from __future__ import annotations

import math
import threading

# Of the newest duration in the average: some twenty images say how long one takes.
_NEWEST = 0.1


class UsualDuration:
    """A duration that is seldom exceeded: the average of the last ones, and their deviation."""

    def __init__(self) -> None:
        """Start without any."""
        self._average_s = self._deviation_s = math.nan

    def add(self, duration_s: float) -> None:
        """Take note of one (second)."""
        if math.isnan(self._average_s):
            self._average_s, self._deviation_s = duration_s, 0.0
        off_s = duration_s - self._average_s
        self._average_s += _NEWEST * off_s
        self._deviation_s += _NEWEST * (abs(off_s) - self._deviation_s)

    @property
    def seconds(self) -> float:
        """The duration (second); NaN before the first."""
        return self._average_s + self._deviation_s


class LookAhead:
    """Says how many images may be out between their slots and the engine.

    An image that is ready long before the engine is free has become old for nothing: a newer one
    would have taken its place. May be used from several threads.
    """

    def __init__(self, most: int) -> None:
        """Start with as many as there may be: nothing is known of this machine yet."""
        self._most = most
        self._lock = threading.Lock()
        self._ready, self._engine = UsualDuration(), UsualDuration()

    def made_ready(self, duration_s: float) -> None:
        """An image took so long (second) from its slot until it was ready."""
        with self._lock:
            self._ready.add(duration_s)

    def inferred(self, duration_s: float) -> None:
        """The engine took so long (second) for one."""
        with self._lock:
            self._engine.add(duration_s)

    @property
    def images(self) -> int:
        """As many as become ready while the engine works on one, at least one."""
        with self._lock:
            ready_s, engine_s = self._ready.seconds, self._engine.seconds
        if math.isnan(ready_s) or math.isnan(engine_s):
            return self._most
        return max(1, min(self._most, math.ceil(ready_s / max(engine_s, 1e-9))))
