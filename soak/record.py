"""Everything that a soak run noted."""

from __future__ import annotations

from dataclasses import dataclass, field

from soak.account import StreamTotal
from soak.process import Usage
from soak.schedule import Event


@dataclass(frozen=True)
class Sample:
    """One look, once a second (at pace 1).

    Attributes:
        time_s: since the start.
        calm: no fault was on.
        usage: of the node's process.
        latency_ms: by stream, median from stamp to receipt of what was sent while it was calm.
    """

    time_s: float
    calm: bool
    usage: Usage
    latency_ms: dict[str, float]


@dataclass
class Record:
    """One run.

    Attributes:
        seconds: its length.
        warm_s: when every fault had been once; the whole run's start where not all had.
        samples: one a second at pace 1.
        events: the faults.
        streams: the node's account, all activations together.
        sent: by stream: `sent` to a listening node, `unsettled` while it began or ended to
            listen, `unheard` while it did not.
        heard: results that the robot received.
        planted: by stream and reason, damaged messages.
        statuses, unbalanced: of the node's ledger while it ran.
        back_jumps, noticed_jumps: of the robot's clock, and in the node's log.
        missing_warnings: warnings that the node should have given.
        troubles: what it did not do as it should.
    """

    seconds: float
    warm_s: float
    samples: list[Sample]
    events: list[Event] = field(default_factory=list)
    streams: dict[str, StreamTotal] = field(default_factory=dict)
    sent: dict[str, dict[str, int]] = field(default_factory=dict)
    heard: dict[str, int] = field(default_factory=dict)
    planted: dict[str, dict[str, int]] = field(default_factory=dict)
    statuses: int = 0
    unbalanced: int = 0
    back_jumps: int = 0
    noticed_jumps: int = 0
    missing_warnings: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def settled(self) -> list[Sample]:
        """The calm samples after the warm-up."""
        return [s for s in self.warm() if s.calm]

    def warm(self) -> list[Sample]:
        """The samples after the warm-up."""
        return [s for s in self.samples if s.time_s >= self.warm_s]
