"""What the node said of its messages: statuses while it works, accounts when it stops."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ACCOUNT = "account: "
_JUMP = " jumped back by "


@dataclass
class StreamTotal:
    """One stream over all activations of the node.

    Attributes:
        received, published, dropped, in_flight: the node's ledger.
        lost: in transport, as the middleware says.
    """

    received: int = 0
    published: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    in_flight: int = 0
    lost: int = 0

    @property
    def balanced(self) -> bool:
        """Whether no message is unaccounted for."""
        return self.received == self.published + sum(self.dropped.values()) + self.in_flight

    def add(self, count: Mapping[str, Any]) -> None:
        """Add one activation's."""
        self.received += count["received"]
        self.published += count["published"]
        self.dropped = dict(Counter(self.dropped) + Counter(count["dropped"]))
        self.in_flight += count["in_flight"]


class Account:
    """Follows the node's status; may be used from several threads.

    Attributes:
        statuses, unbalanced: statuses that came, and those whose ledger did not balance.
    """

    def __init__(self) -> None:
        """Start with nothing heard."""
        self.statuses = 0
        self.unbalanced = 0
        self._lock = threading.Lock()
        self._received: dict[str, int] = {}
        self._last_lost: dict[str, int] = {}
        self._lost: Counter[str] = Counter()
        self._in_flight: dict[str, int] = {}
        self._changed_s = time.monotonic()
        self._warnings: set[str] = set()

    @property
    def received(self) -> dict[str, int]:
        """Messages of each stream since the node's last activation."""
        with self._lock:
            return dict(self._received)

    @property
    def in_flight(self) -> int:
        """Messages in the node at the last status."""
        return sum(self._in_flight.values())

    def has_worked_off(self, name: str, count: int) -> bool:
        """Whether the node has received more than `count` messages of a stream and holds none."""
        with self._lock:
            return self._received.get(name, 0) > count and not self._in_flight.get(name, 0)

    def add(self, status: Any) -> None:
        """Take a SegmentationStatus."""
        with self._lock:
            self.statuses += 1
            received = {s.name: s.received for s in status.streams}
            began = any(received.get(name, 0) < n for name, n in self._received.items())
            if began:
                self._lost.update(self._last_lost)
            if received != self._received:
                self._changed_s = time.monotonic()
            self._received = received
            self._last_lost = {s.name: s.lost_in_transport for s in status.streams}
            self._in_flight = {s.name: s.in_flight for s in status.streams}
            self.unbalanced += not all(map(_is_balanced, status.streams))
            # Without their numbers there are only some.
            self._warnings |= {re.sub(r"\d[\d.]*", "N", text) for text in status.warnings}

    def is_still(self, seconds: float) -> bool:
        """Whether the node has received nothing for so long."""
        return time.monotonic() - self._changed_s > seconds

    def has_warned(self, text: str) -> bool:
        """Whether a warning held this text, which has no number."""
        with self._lock:
            return any(text in warning for warning in self._warnings)

    def lost(self) -> Counter[str]:
        """Messages of each sensor that the middleware says it lost."""
        with self._lock:
            return self._lost + Counter(self._last_lost)


def totals(log: Path, account: Account) -> dict[str, StreamTotal]:
    """The accounts that a node logged at the end of each activation, summed up."""
    streams: dict[str, StreamTotal] = defaultdict(StreamTotal)
    for line in log.read_text(errors="replace").splitlines():
        _, found, text = line.partition(_ACCOUNT)
        if found:
            for name, count in json.loads(text).items():
                streams[name].add(count)
    # A status names a sensor, the ledger its kind too.
    for name, total in streams.items():
        total.lost = account.lost()[name.partition(".")[2]]
    return dict(streams)


def jumps(log: Path) -> int:
    """How often a node logged that a clock jumped back."""
    return log.read_text(errors="replace").count(_JUMP)


def _is_balanced(stream: Any) -> bool:
    dropped = sum(reason.count for reason in stream.dropped)
    return bool(stream.received == stream.published + dropped + stream.in_flight)
