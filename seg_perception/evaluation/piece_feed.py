"""How the messages of a bag reach who scores them: all of them, or those of a piece of time."""

from __future__ import annotations

import pickle
from collections.abc import Collection, Iterator
from typing import Protocol

from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import EvaluationError
from seg_perception.core.issue_log import IssueChanges
from seg_perception.evaluation.ground_truth_matcher import GroundTruthMatcher
from seg_perception.evaluation.job import Shard
from seg_perception.evaluation.piece_shard import SEAM, Meeting, PieceShard, Seam
from seg_perception.evaluation.shard_writer import ShardWriter
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.replay.session import Session
from seg_perception.replay.time_pieces import PieceClock, TimePiece, piece_messages


class Feed(Protocol):
    """Which messages are fed, and what happens where they begin to count and where they end.

    Attributes:
        is_last: whether the recording ends with them.
    """

    is_last: bool

    def of_bag(self, reader: BagReader, topics: set[str]) -> Iterator[BagMessage]:
        """Those of the bag."""
        ...

    def of_truth(self, reader: BagReader, topics: set[str]) -> Iterator[BagMessage]:
        """Those of another bag, which has the truth."""
        ...

    def at(self, log_time_ns: int) -> None:
        """A message of this time is fed next."""

    def end(self, damage: str) -> None:
        """Nothing more is fed."""


class WholeFeed:
    """Every message counts."""

    is_last = True

    def of_bag(self, reader: BagReader, topics: set[str]) -> Iterator[BagMessage]:
        """All."""
        return reader.messages(topics)

    def of_truth(self, reader: BagReader, topics: set[str]) -> Iterator[BagMessage]:
        """All."""
        return reader.messages(topics)

    def at(self, log_time_ns: int) -> None:
        """Nothing changes."""

    def end(self, damage: str) -> None:
        """Nothing is left."""


class PieceFeed:
    """Messages of a piece, and those before it without which it would not know enough."""

    def __init__(
        self,
        piece: TimePiece,
        sensors: Collection[str],
        writer: ShardWriter,
        matcher: GroundTruthMatcher,
        session: Session | None,
    ) -> None:
        """Take who is fed; `sensors` are the topics of labels, and of what is labelled."""
        self.is_last = piece.is_last
        self._piece, self._sensors = piece, {*sensors, *matcher.topics}
        self._writer, self._matcher, self._session = writer, matcher, session
        self._begin: Meeting | None = None
        self._clock = PieceClock(piece, self._watch, self._count)

    def of_bag(self, reader: BagReader, topics: set[str]) -> Iterator[BagMessage]:
        """Of the piece, and those before it."""
        return piece_messages(reader, self._piece, topics, (), self._sensors)

    def of_truth(self, reader: BagReader, topics: set[str]) -> Iterator[BagMessage]:
        """The same of another bag."""
        return piece_messages(reader, self._piece, topics, (), topics)

    def at(self, log_time_ns: int) -> None:
        """Begin to count, or be watched, where it is time."""
        self._clock.at(log_time_ns)

    def end(self, damage: str) -> None:
        """Write down what the neighbours have to agree on.

        Raises:
            EvaluationError: the disk refuses.
        """
        self._clock.end()
        session, log = self._session, IssueChanges({}, frozenset())
        if session is not None:
            log = session.perception.issues.changes()
        seam = Seam(
            begin=self._begin,
            end=None if self.is_last else self._meeting(),
            origins=self._matcher.origins,
            damage=damage or self._late(),
            ahead=() if session is None else session.ahead,
            log=log,
            causes=() if session is None else session.causes(),
            scoring=self._writer.issues.changes(),
            remarks=tuple(self._writer.remarks),
        )
        write_file(self._writer.folder / SEAM, pickle.dumps(seam), EvaluationError)

    def _late(self) -> str:
        late = ", ".join(sorted(self._matcher.late))
        return f"labels of {late} come late by more than a second" if late else ""

    def _watch(self, is_watched: bool) -> None:  # noqa: FBT001 (as PieceClock calls it)
        self._writer.is_watched = is_watched

    def _count(self) -> None:
        if self._piece.is_first:
            return
        self._begin = self._meeting()
        self._writer.count_anew()
        if self._session is not None:
            self._session.perception.accounting.count_anew()
            self._session.perception.issues.begin_anew()
            self._session.durations.clear()

    def _meeting(self) -> Meeting:
        # What waits for long is counted where the piece ends, and is not known to the next one.
        self._matcher.settle()
        in_flight, pictures = {}, ""
        if self._session is not None:
            counts = self._session.perception.accounting.snapshot()
            in_flight = {name: count.in_flight for name, count in counts.items()}
            pictures = self._session.perception.degraded.state()
        return Meeting(self._writer.take_digest(), in_flight, self._matcher.waiting, pictures)


def make_feed(
    shard: Shard,
    sensors: Collection[str],
    writer: ShardWriter,
    matcher: GroundTruthMatcher,
    session: Session | None = None,
) -> Feed:
    """As the shard is a bag, or a piece of one; arguments as for `PieceFeed`."""
    if not isinstance(shard, PieceShard):
        return WholeFeed()
    return PieceFeed(shard.piece, sensors, writer, matcher, session)


def origins_of(shard: Shard) -> dict[str, int]:
    """What a piece is told of the first stamps of the whole; the first piece finds them."""
    if not isinstance(shard, PieceShard) or shard.piece.is_first:
        return {}
    return dict(shard.origins)
