"""Whether all who listen to a latched topic have its last message, and had time to read it."""

from __future__ import annotations

import math

# A listener that did not know the publisher yet is sent what it missed with the next heartbeat,
# which Fast DDS sends every 3 s; one whose process was killed is forgotten after 20 s.
PATIENCE_S = 30.0
# What has come lies in a queue until its reader turns to it, and may be read after what came later
# on other topics.
TO_READ_S = 2.0


class Listeners:
    """Follows the listeners of one topic."""

    def __init__(self) -> None:
        """Start with nobody."""
        self._count = 0
        self._unheard_since_s = math.inf
        self._changed_s = -math.inf

    def all_have_read(self, count: int, now_s: float, *, acknowledged: bool) -> bool:
        """Whether they can be counted on; one who never answers is waited for `PATIENCE_S`.

        Args:
            count: of listeners now.
            now_s: by a clock that only goes on.
            acknowledged: all who are known have the last message in their queues.
        """
        somebody_came = count > self._count
        self._count = count
        if somebody_came or not acknowledged:
            self._changed_s = now_s
        if acknowledged:
            self._unheard_since_s = math.inf
            return now_s - self._changed_s >= TO_READ_S
        if somebody_came or math.isinf(self._unheard_since_s):
            self._unheard_since_s = now_s
        return now_s - self._unheard_since_s > PATIENCE_S
