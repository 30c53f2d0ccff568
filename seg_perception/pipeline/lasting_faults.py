"""Faults of cameras that last: what is over within two seconds is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seg_perception.core.issue_kinds.kind import IssueKind
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.message_accounting import stream
from seg_perception.core.types import NANOSECONDS

# What lasts no longer is a tunnel's mouth, a shake, or a picture that was sent twice.
HOLD_NS = 2 * NANOSECONDS
_LEAST_TIMES = 8
Numbers = dict[str, Any]


@dataclass
class Lasting:
    """How long a camera has had a fault.

    Attributes:
        since_ns: when it was seen first.
        until_ns: when it was seen last.
        count: how often it was seen.
    """

    since_ns: int
    until_ns: int
    count: int = 0

    @property
    def is_long(self) -> bool:
        """Whether it counts."""
        is_old = self.until_ns - self.since_ns >= HOLD_NS
        return is_old and self.count >= _LEAST_TIMES

    def see(self, stamp_ns: int) -> None:
        """It is there again."""
        self.until_ns, self.count = stamp_ns, self.count + 1

    def is_over(self, stamp_ns: int) -> bool:
        """Whether a look that did not show it is late enough to end it."""
        return stamp_ns - self.until_ns >= HOLD_NS


class LastingFaults:
    """One entry for each fault of a camera; one that lasts is counted, and over as late."""

    def __init__(self, issues: IssueLog) -> None:
        """Start without any; `issues` is told of those that last."""
        self._issues = issues
        self._lasting: dict[tuple[str, str], Lasting] = {}

    def clear(self) -> None:
        """Forget all: the clock jumped."""
        self._lasting.clear()

    def state(self) -> str:
        """All that is remembered, in words that are the same where it is the same."""
        return str(sorted(self._lasting.items()))

    def has(self, camera: str, kind: IssueKind, numbers: Numbers | None, stamp_ns: int) -> bool:
        """Whether a camera has a fault that lasts.

        Args:
            camera: its name.
            kind: the fault.
            numbers: what its sentence needs; None where it is not seen now.
            stamp_ns: of now.
        """
        key = camera, kind.code
        lasting = self._lasting.get(key)
        if numbers is not None:
            lasting = self._lasting.setdefault(key, Lasting(stamp_ns, stamp_ns))
            lasting.see(stamp_ns)
            if lasting.is_long:
                self._issues.add(kind, stream("camera", camera), **numbers)
        elif lasting is not None and lasting.is_over(stamp_ns):
            del self._lasting[key]
            lasting = None
        return lasting is not None and lasting.is_long
