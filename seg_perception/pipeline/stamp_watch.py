"""Notices stamps that jump back."""

from __future__ import annotations

from seg_perception.core.types import NANOSECONDS

_TOLERANCE_NS = NANOSECONDS


class StampWatch:
    """The newest stamp of every stream since the last jump.

    Late messages are normal; only more than a second counts as a jump. After one all
    streams start anew, since they share a clock.
    """

    def __init__(self) -> None:
        """Start without any stamp."""
        self._newest_ns: dict[str, int] = {}

    def jump_back_ns(self, stream: str, stamp_ns: int) -> int:
        """Take note of a stamp.

        Returns:
            By how much it lies before the newest one of its stream; 0 where it does not jump.
        """
        newest_ns = self._newest_ns.get(stream, stamp_ns)
        if newest_ns - stamp_ns > _TOLERANCE_NS:
            self._newest_ns = {stream: stamp_ns}
            return newest_ns - stamp_ns
        self._newest_ns[stream] = max(newest_ns, stamp_ns)
        return 0
