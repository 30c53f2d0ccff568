"""From stamps to times of a video: true, but for gaps at which nobody would look."""

from __future__ import annotations

from seg_perception.core.types import NANOSECONDS

LONGEST_GAP_NS = 5 * NANOSECONDS
_CUT_TO_NS = NANOSECONDS
# Older than this is another beginning (a bag that loops), and not a late picture.
_LATE_NS = NANOSECONDS


class VideoClock:
    """Times of the pictures of a video, each later than the one before.

    Attributes:
        cuts: gaps of more than LONGEST_GAP_NS, and jumps back, each of which takes a second.
        end_ns: time of the last picture.
    """

    def __init__(self) -> None:
        """Start before the first picture."""
        self.cuts = 0
        self.end_ns = 0
        self._last_ns: int | None = None

    def time_ns(self, stamp_ns: int) -> int | None:
        """When the picture with this stamp is shown; None where a later one was."""
        if self._last_ns is None:
            self._last_ns = stamp_ns
            return 0
        step_ns = stamp_ns - self._last_ns
        if -_LATE_NS <= step_ns <= 0:
            return None
        if step_ns < 0 or step_ns > LONGEST_GAP_NS:
            self.cuts += 1
            step_ns = _CUT_TO_NS
        self._last_ns = stamp_ns
        self.end_ns += step_ns
        return self.end_ns
