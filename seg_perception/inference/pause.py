"""A while in which no image is begun, since something more urgent has the processor."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pause:
    """On while something urgent is in work, and never for long: the next image comes in any case.

    Not for several threads at once: whoever asks holds the lock.
    """

    def __init__(self, longest_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with nothing urgent.

        Args:
            longest_s: for which it may be on, all in all, before an image is begun.
            clock: seconds that do not run backwards.
        """
        self._longest_s = longest_s
        self._clock = clock
        self._urgent = 0
        self._began_s = self._earlier_s = 0.0

    @property
    def is_on(self) -> bool:
        """Whether images give way now."""
        if not self._urgent:
            return False
        return self._earlier_s + self._clock() - self._began_s < self._longest_s

    def begin(self) -> None:
        """Something urgent is in work; others may be, too."""
        if not self._urgent:
            self._began_s = self._clock()
        self._urgent += 1

    def end(self) -> None:
        """It is done."""
        self._urgent -= 1
        if not self._urgent:
            self._earlier_s += self._clock() - self._began_s

    def image_begun(self) -> None:
        """An image had its turn: the next one may be held up as long."""
        self._earlier_s = 0.0
