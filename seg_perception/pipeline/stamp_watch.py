"""Notices that time jumps back, and streams whose stamps do so alone."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

from seg_perception.core.issue_kinds.clocks import (
    CLOCK_JUMP,
    CLOCK_STORM,
    STAMPS_ASTRAY,
    STAMPS_ZERO,
)
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.types import NANOSECONDS

# A clock that counts since boot, or is simulated, is nowhere near the year 1980.
BOOT_NS = 10 * 365 * 86_400 * NANOSECONDS
_TOLERANCE_NS = NANOSECONDS
# So many stamps of other streams that went on say that time did not jump.
_REFUTATION = 20
# So many jumps with less than so many stamps between them are no bag that loops.
_STORM, _BETWEEN_JUMPS = 4, 20
# Of stamps at the beginning of a new time, until a second stream confirms it.
_MOST_KEPT = 1000


def nothing() -> None:
    """Do nothing with a stamp's message."""


@dataclass(frozen=True)
class _Stray:
    """The last stamp of a stream that went back, and how far."""

    stamp_ns: int
    back_ns: int


class StampWatch:
    """Tells a clock that jumps from a stream that is astray.

    Late messages are normal; only more than a second counts. Time has jumped when several
    sources (each sensor is one, all of /tf is one) go back by about as much and outnumber those
    that go on; then all start anew. What goes back alone is an issue and costs no other stream.

    Attributes:
        jumps: how often time jumped.
        newest: the last stamp of each stream (ns).
    """

    def __init__(
        self, issues: IssueLog, on_jump: Callable[[], None], now_ns: Callable[[], int]
    ) -> None:
        """Start without any stamp.

        Args:
            issues: told of jumps, and of streams that are astray.
            on_jump: called when time has jumped, before any further stamp is used.
            now_ns: the time of reception.
        """
        self.jumps = 0
        self.newest: dict[str, int] = {}
        self._issues = issues
        self._on_jump = on_jump
        self._now_ns = now_ns
        self._latest: dict[str, int] = {}
        self._before: dict[str, int] = {}
        self._back: dict[str, _Stray] = {}
        self._on: Counter[str] = Counter()
        self._kept: deque[Callable[[], None]] = deque(maxlen=_MOST_KEPT)
        self._since_jump = 0
        self._quick = 0

    def observe(self, stream: str, stamp_ns: int, then: Callable[[], None] = nothing) -> None:
        """Take note of a stamp, then do something quick with its message.

        What was done with the first messages of a new time is done again after the jump.
        """
        self.newest[stream] = stamp_ns
        self._since_jump += 1
        if stamp_ns == 0 and self._now_ns() > BOOT_NS:
            self._issues.add(STAMPS_ZERO, stream)
        elif not self._is_of_old_time(stream, stamp_ns):
            back_ns = self._latest.get(stream, stamp_ns) - stamp_ns
            if back_ns > self._tolerance_ns():
                self._go_back(stream, _Stray(stamp_ns, back_ns), then)
            else:
                self._go_on(stream, stamp_ns)
        then()

    def set_clock(self, name: str, now_ns: int, back_ns: int) -> None:
        """Take note that the clock itself jumped back; its streams may have done so already."""
        if not self._latest or max(self._latest.values()) > now_ns + _TOLERANCE_NS:
            self._start_anew(name, back_ns, {})

    def _tolerance_ns(self) -> int:
        """What is late and no more; less once another stream went back by little more than that."""
        least_ns = min((stray.back_ns for stray in self._back.values()), default=2 * _TOLERANCE_NS)
        return min(_TOLERANCE_NS, least_ns // 2)

    def _is_of_old_time(self, stream: str, stamp_ns: int) -> bool:
        """Whether a stamp comes late, from before the jump."""
        before_ns = self._before.get(stream)
        if before_ns is None:
            return False
        if stamp_ns < before_ns - _TOLERANCE_NS:
            del self._before[stream]
            return False
        self._before[stream] = max(before_ns, stamp_ns)
        return True

    def _go_on(self, stream: str, stamp_ns: int) -> None:
        self._latest[stream] = max(self._latest.get(stream, stamp_ns), stamp_ns)
        if stray := self._back.pop(stream, None):
            self._report(stream, stray)
        if not self._back:
            self._forget_votes()
            return
        self._on[stream] += 1
        if self._on.total() >= _REFUTATION:
            self._follow_strays()

    def _go_back(self, stream: str, stray: _Stray, then: Callable[[], None]) -> None:
        self._back[stream] = stray
        self._on.pop(stream, None)
        if self._is_jump(stray.back_ns):
            latest = {name: other.stamp_ns for name, other in self._back.items()}
            self._start_anew(stream, stray.back_ns, latest)
        else:
            self._kept.append(then)

    def _is_jump(self, back_ns: int) -> bool:
        on = {_source(name) for name in self._on}
        back = {_source(n) for n, s in self._back.items() if _agree(s.back_ns, back_ns)} - on
        known = {_source(name) for name in self._latest}
        return len(back) >= min(2, len(known)) and len(back) > len(on)

    def _start_anew(self, name: str, back_ns: int, latest: dict[str, int]) -> None:
        kept = list(self._kept)
        self._before = {s: ns for s, ns in self._latest.items() if s not in latest}
        self._latest = latest
        self._forget_votes()
        self._count_jump(name, back_ns)
        self._on_jump()
        for then in kept:
            then()

    def _count_jump(self, name: str, back_ns: int) -> None:
        self.jumps += 1
        self._quick = self._quick + 1 if self._since_jump < _BETWEEN_JUMPS else 0
        self._since_jump = 0
        self._issues.add(CLOCK_JUMP, name, back_s=back_ns / NANOSECONDS)
        if self._quick >= _STORM:
            self._issues.add(CLOCK_STORM, name, jumps=self.jumps)

    def _follow_strays(self) -> None:
        """Others go on: whoever is still back has a clock of its own from now on."""
        for stream, stray in self._back.items():
            self._report(stream, stray)
            self._latest[stream] = stray.stamp_ns
        self._forget_votes()

    def _forget_votes(self) -> None:
        self._back.clear()
        self._on.clear()
        self._kept.clear()

    def _report(self, stream: str, stray: _Stray) -> None:
        source, _, frame = stream.partition(" ")
        mend = "look for a second publisher of its topic; else set its driver's clock"
        if source == "tf":
            mend = (
                f"end one of the two publishers of frame {frame!r}: "
                "`ros2 topic info -v /tf` names them"
            )
        back_s = stray.back_ns / NANOSECONDS
        self._issues.add(STAMPS_ASTRAY, stream, back_s=back_s, remedy=mend)


def _source(stream: str) -> str:
    """Whose stamps they are: the frames of /tf are one source."""
    return stream.partition(" ")[0]


def _agree(a_ns: int, b_ns: int) -> bool:
    """Whether two streams go back by about as much: they need not begin together."""
    return max(a_ns, b_ns) <= 2 * min(a_ns, b_ns)
