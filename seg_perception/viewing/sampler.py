"""Takes a few of many messages, and of one moment all."""

from __future__ import annotations

from collections import defaultdict, deque

from seg_perception.core.types import NANOSECONDS

_REMEMBERED = 64
# Stamps of a driver swing around their period.
_SLACK = 0.9


class Sampler:
    """At most so many moments a second of each group of topics."""

    def __init__(self, max_hz: float | None) -> None:
        """Start before the first message; None takes all."""
        self._period_ns = _SLACK * NANOSECONDS / max_hz if max_hz else 0.0
        self._taken: defaultdict[str, deque[int]] = defaultdict(lambda: deque(maxlen=_REMEMBERED))

    def takes(self, group: str, stamp_ns: int) -> bool:
        """Whether a message is shown: those of a stamp that was taken are, whatever their topic."""
        taken = self._taken[group]
        if not self._period_ns or stamp_ns in taken:
            return True
        if taken and abs(stamp_ns - taken[-1]) < self._period_ns:
            return False
        taken.append(stamp_ns)
        return True
