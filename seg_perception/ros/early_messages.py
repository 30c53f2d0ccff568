"""What is received in simulated time before /clock runs: messages that have no time yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from seg_perception.ros.disk_thread import RecordedMessage

_MOST_KEPT = 1000


class EarlyMessages:
    """Keeps latched messages until the clock runs; others are left out and counted.

    A latched message holds from whenever on, so that the first moment is as good as its own, and
    it does not come a second time.

    Attributes:
        left_out: by topic.
    """

    def __init__(self) -> None:
        """Start with none."""
        self.left_out: Counter[str] = Counter()
        self._kept: list[RecordedMessage] = []

    def put(self, message: RecordedMessage) -> None:
        """Take a message that came before the clock ran."""
        if message.topic.latched and len(self._kept) < _MOST_KEPT:
            self._kept.append(message)
        else:
            self.left_out[message.topic.name] += 1

    def dated(self, now_ns: int) -> Iterator[RecordedMessage]:
        """What was kept, in order, now that the clock runs; it is given once."""
        kept, self._kept = self._kept, []
        return (replace(message, log_time_ns=now_ns) for message in kept)

    def give_up(self) -> None:
        """The clock never ran."""
        self.left_out.update(message.topic.name for message in self._kept)
        self._kept.clear()
