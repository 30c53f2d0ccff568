"""When a recording begins: what was recorded before the clock ran, or was set, does not tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from seg_perception.core.errors import BagError
from seg_perception.core.types import NANOSECONDS
from seg_perception.io.bag_storage import RawMessage

# In simulated time it is 0 until /clock runs, which may have run for long elsewhere.
_AFTER_ZERO_NS = 10 * NANOSECONDS
# No recording pauses for a day; a computer without a battery does, until it hears of the time.
_AFTER_OTHERS_NS = 86_400 * NANOSECONDS
# More is no outlier.
_MOST_EARLY = 1000


@dataclass(frozen=True)
class RecordingStart:
    """The first moment of a recording.

    Attributes:
        start_ns: the first log time by a clock that ran.
        early: messages with an earlier one, by topic.
    """

    start_ns: int
    early: Mapping[str, int] = field(default_factory=dict)

    @property
    def numbers(self) -> dict[str, Any]:
        """What an issue says of the early ones."""
        return {"early": sum(self.early.values()), "topics": ", ".join(sorted(self.early))}


def recording_start(
    first_ns: int, last_ns: int, messages: Callable[[], Iterator[RawMessage]]
) -> RecordingStart:
    """Find the first moment: behind the last great gap between the first log times.

    Args:
        first_ns, last_ns: log times of the first and last message.
        messages: reads all from the beginning, in order; only called where there may be a gap.
    """
    found, before = RecordingStart(first_ns), first_ns
    if last_ns - first_ns <= _longest_ns(first_ns):
        return found
    passed: Counter[str] = Counter()
    for log_time_ns, topic in _leading(messages):
        if log_time_ns - before > _longest_ns(before):
            found = RecordingStart(log_time_ns, dict(passed))
        if last_ns - log_time_ns <= _longest_ns(log_time_ns):
            break  # what is left is too short for another one
        passed[topic] += 1
        before = log_time_ns
    return found


def _longest_ns(log_time_ns: int) -> int:
    return _AFTER_ZERO_NS if log_time_ns == 0 else _AFTER_OTHERS_NS


def _leading(messages: Callable[[], Iterator[RawMessage]]) -> Iterator[tuple[int, str]]:
    try:
        for message in islice(messages(), _MOST_EARLY + 1):
            yield message.log_time_ns, message.topic.name
    except BagError:
        return  # told when the recording is read
