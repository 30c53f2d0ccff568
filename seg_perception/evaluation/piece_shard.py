"""A stretch of time of a bag's shard, for a process of its own; joined, they are the shard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seg_perception.core.issue_log import Issue, IssueChanges
from seg_perception.evaluation.job import Shard
from seg_perception.replay.time_pieces import TimePiece

SEAM = "seam.pickle"
Stamps = Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]


class PieceShard(Shard):
    """One of the pieces of a shard.

    Attributes:
        piece: which stretch of time.
        of: how many there are.
        origins: by stream, the stamp that blocks of the whole bag are probably counted from.
    """

    piece: TimePiece
    of: int
    origins: Mapping[str, int]


@dataclass(frozen=True)
class Meeting:
    """What two neighbours have to agree on where one ends and the other begins.

    Attributes:
        digest: of the frames that were scored in the last moments before.
        in_flight: messages by stream.
        waiting: by stream, stamps of labels and truths without a partner.
        pictures: what is remembered of the cameras' pictures.
    """

    digest: str
    in_flight: Mapping[str, int]
    waiting: Stamps
    pictures: str


@dataclass(frozen=True)
class Seam:
    """What a piece knows beside its scores.

    Attributes:
        begin, end: where it meets its neighbours; None at the ends of the bag.
        origins: by stream, the stamp that its blocks are counted from.
        damage: why the bag was not read to the end of the piece; empty when it was.
        ahead, log, causes: what the session says, in the order in which it says it.
        scoring: what the scoring was told.
        remarks: what was said of the bag before it was fed.
    """

    begin: Meeting | None
    end: Meeting | None
    origins: Mapping[str, int]
    damage: str
    ahead: Sequence[Issue]
    log: IssueChanges
    causes: Sequence[Issue]
    scoring: IssueChanges
    remarks: Sequence[str] = ()


def agree(seams: Sequence[Seam]) -> str:
    """Why pieces would not give what the whole gives; empty where they do."""
    for number, seam in enumerate(seams):
        if seam.damage:
            return seam.damage
        if number and seam.begin != seams[number - 1].end:
            return (
                f"piece {number + 1} did not begin with what was known at the end of the one before"
            )
        if any(seams[0].origins.get(name) != at for name, at in seam.origins.items()):
            return f"piece {number + 1} counted its blocks from another stamp than the first one"
    return ""


def sentences(values: Sequence[Any]) -> list[str]:
    """Issues as lines."""
    return [str(value) for value in values]
