"""Statistics of stamps: rate, jitter, missed ones. In constant memory, mergeable."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_NANOSECONDS = 1_000_000_000
# Gaps fall into bins that grow by 1 %, from 1 µs on: the median is off by at most that.
_SHORTEST_NS, _RATIO = 1_000, 1.01
_MOST_BINS = 3_000


@dataclass
class RateStatistics:
    """Sums over the time between one stamp and the next, in whole nanoseconds.

    Attributes:
        gaps: by bin, how many and their sum.
        count, total_ns, squares_ns2: of all gaps.
        backward: stamps that do not come after the one before.
    """

    gaps: Counter[int] = field(default_factory=Counter)
    count: int = 0
    total_ns: int = 0
    squares_ns2: int = 0
    backward: int = 0
    _last_ns: int | None = None

    def add(self, stamp_ns: int) -> None:
        """Take the next stamp; one that jumps back starts anew."""
        last_ns, self._last_ns = self._last_ns, stamp_ns
        if last_ns is None:
            return
        gap_ns = stamp_ns - last_ns
        if gap_ns <= 0:
            self.backward += 1
            return
        self.gaps[_bin(gap_ns)] += 1
        self.count += 1
        self.total_ns += gap_ns
        self.squares_ns2 += gap_ns * gap_ns

    def following(self) -> RateStatistics:
        """One without counts, whose first gap is that to the last stamp here."""
        return RateStatistics(_last_ns=self._last_ns)

    def merge(self, other: RateStatistics) -> None:
        """Add what another recording counted."""
        self.gaps.update(other.gaps)
        self.count += other.count
        self.total_ns += other.total_ns
        self.squares_ns2 += other.squares_ns2
        self.backward += other.backward

    @property
    def rate_hz(self) -> float | None:
        """Mean number of stamps a second."""
        return self.count * _NANOSECONDS / self.total_ns if self.count else None

    @property
    def jitter_s(self) -> float | None:
        """Standard deviation of the gaps."""
        if not self.count:
            return None
        # Whole numbers up to here: no digits are lost.
        variance = self.squares_ns2 * self.count - self.total_ns**2
        return math.sqrt(variance) / self.count / _NANOSECONDS

    @property
    def missed(self) -> int:
        """How many stamps are missing at the median gap."""
        half, seen = (self.count + 1) // 2, 0
        for index in sorted(self.gaps):
            seen += self.gaps[index]
            if seen >= half:
                period = index
                break
        else:
            return 0
        steps = {index: round(_RATIO ** (index - period)) - 1 for index in self.gaps}
        return sum(max(steps[index], 0) * n for index, n in self.gaps.items())

    def to_json(self) -> dict[str, Any]:
        """Everything but the last stamp."""
        return {
            "gaps": sorted(self.gaps.items()),
            "count": self.count,
            "total_ns": self.total_ns,
            "squares_ns2": self.squares_ns2,
            "backward": self.backward,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RateStatistics:
        """What `to_json` gave."""
        return cls(**{**data, "gaps": Counter(dict(data["gaps"]))})


def _bin(gap_ns: int) -> int:
    index = math.log(max(gap_ns, _SHORTEST_NS) / _SHORTEST_NS) / math.log(_RATIO)
    return min(int(index), _MOST_BINS)
