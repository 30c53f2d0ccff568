"""When the network is shown a camera's picture upside down, too: now and then, and soon at first.

Which way is up is told by what the model knows: of a camera that hangs the wrong way, the turned
picture is the one that is like the training's.
"""

from __future__ import annotations

from dataclasses import dataclass

from seg_perception.core.types import NANOSECONDS

# Ten looks a second apart, then one a minute: in the long run nothing that anybody measures.
_EARLY, _EARLY_NS, _LATE_NS = 10, NANOSECONDS, 60 * NANOSECONDS


@dataclass
class _Looks:
    taken: int
    last_ns: int


class TurnedLooks:
    """Counts by camera; asked by the one thread that asks the engine."""

    def __init__(self) -> None:
        """Nobody was looked at."""
        self._cameras: dict[str, _Looks] = {}

    def is_due(self, camera: str, stamp_ns: int) -> bool:
        """Whether this picture is looked at upside down, too; it counts as done."""
        looks = self._cameras.get(camera)
        if looks is None or stamp_ns < looks.last_ns:
            # After a jump back the clock tells nothing of the last look.
            self._cameras[camera] = _Looks(looks.taken if looks else 1, stamp_ns)
            return looks is None
        apart_ns = _EARLY_NS if looks.taken < _EARLY else _LATE_NS
        if stamp_ns - looks.last_ns < apart_ns:
            return False
        self._cameras[camera] = _Looks(looks.taken + 1, stamp_ns)
        return True
