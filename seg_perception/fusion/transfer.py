"""What a transfer returns, and how the votes of several cameras become one label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import PointStatus

NO_SOURCE = 255
# The vote that says most wins.
_UNSEEN, _OCCLUDED, _UNCERTAIN, _CONTRADICTED, _ZERO = map(np.float32, (-4, -3, -2, -1, 0))
# Indexed with such a number, which counts from the end; unseen points have a status of their own.
_STATUS = np.array(
    [
        PointStatus.LABELLED,
        0,
        PointStatus.OCCLUDED,
        PointStatus.UNCERTAIN,
        PointStatus.CONTRADICTED,
    ],
    np.uint8,
)
_NO_CONFIDENCE = 1e-6
_SUREST = np.float32(0.999)
# Of fewer points a share tells nothing about a picture.
_LEAST_SEEN = 200


@dataclass(frozen=True, eq=False)
class Transfer:
    """One label per point.

    Attributes:
        labels: uint8 or uint16 (N,), class ids; `unknown_id` where none.
        confidence: float32 (N,), 0 to 1; 0 where unknown.
        status: uint8 (N,), a PointStatus.
        sources: uint8 (N,), index of the view that gave the label; 255 none.
        disputed: number of points to which two views gave different labels.
        contradicted: of each view, the share of the points it sees whose label can't be, 0 to 1;
            0 where it sees few.
    """

    labels: NDArray[np.uint8] | NDArray[np.uint16]
    confidence: NDArray[np.float32]
    status: NDArray[np.uint8]
    sources: NDArray[np.uint8]
    disputed: int = 0
    contradicted: tuple[float, ...] = ()

    @classmethod
    def unknown(cls, count: int, unknown_id: int, why: PointStatus) -> Transfer:
        """No label for any of N points, all for the same reason."""
        return cls(
            labels=_unknown_labels(count, unknown_id),
            confidence=np.zeros(count, np.float32),
            status=np.full(count, why, np.uint8),
            sources=np.full(count, NO_SOURCE, np.uint8),
        )


@dataclass(frozen=True, eq=False)
class CameraVote:
    """What one view says about the M points that it has in its image.

    Attributes:
        index: intp (M,), rising, which points.
        labels: uint8 or uint16 (M,), class ids.
        confidence: float32 (M,), 0 to 1.
        hidden: bool (M,), something nearer is in the way.
        contradicted: bool (M,), the label can't be that of this point; None: of none.
        facing: float32 (M,) above 0: where several views see a point, confidence counts this
            much; None: each as it is.
    """

    index: NDArray[np.intp]
    labels: NDArray[np.uint8] | NDArray[np.uint16]
    confidence: NDArray[np.float32]
    hidden: NDArray[np.bool_]
    contradicted: NDArray[np.bool_] | None = None
    facing: NDArray[np.float32] | None = None


class LabelVoting:
    """Collects the votes of all views about the points of one cloud, piece by piece.

    One number per point says how much is known of it: the confidence of its label, or,
    below zero, why there is none. Where views give a point different labels, at most one of them
    can be right: the confidence of the one that counts is lowered by that.
    """

    def __init__(
        self, count: int, unknown_id: int, min_confidence: float, *, several: bool = False
    ) -> None:
        """Start with N points of which nothing is known.

        Args:
            count: N.
            unknown_id: label of points that get none.
            min_confidence: a label supported less is none.
            several: more than one view will be asked.
        """
        self._unknown_id = unknown_id
        self._min_confidence = np.float32(max(min_confidence, _NO_CONFIDENCE))
        self._support = np.full(count, _UNSEEN, np.float32)
        self._labels = _unknown_labels(count, unknown_id)
        self._status = np.empty(count, np.uint8)
        self._sources = np.full(count, NO_SOURCE, np.uint8)
        self._overlap = _Overlap(count) if several else None
        self._disputed = 0
        self._tallies: dict[int, _Tally] = {}

    def add(self, piece: slice, source: int, vote: CameraVote) -> None:
        """Take over what this view knows better than those before it.

        Args:
            piece: the points that `vote.index` counts.
            source: number of the view.
            vote: what it says; its confidence is written over.
        """
        support = vote.confidence
        unclear = support < self._min_confidence
        unclear |= vote.labels == self._unknown_id
        self._tallies.setdefault(source, _Tally()).add(vote, unclear)
        if vote.contradicted is not None:
            np.putmask(support, vote.contradicted, _CONTRADICTED)
        np.putmask(support, unclear, _UNCERTAIN)
        np.putmask(support, vote.hidden, _OCCLUDED)
        points, labels = vote.index, vote.labels
        if self._overlap is not None:
            known = self._support[piece].take(points)
            differs = self._labels[piece].take(points) != labels
            better = self._overlap.better(piece, vote, support, known, differs)
            won = np.flatnonzero(better)
            points, labels, support = points.take(won), labels.take(won), support.take(won)
        self._enter(piece, source, points, labels, support)

    def _enter(
        self,
        piece: slice,
        source: int,
        points: NDArray[np.intp],
        labels: NDArray[np.uint8] | NDArray[np.uint16],
        support: NDArray[np.float32],
    ) -> None:
        is_whole = len(points) == piece.stop - piece.start
        where = slice(None) if is_whole else points
        self._support[piece][where] = support
        self._labels[piece][where] = labels
        self._sources[piece][where] = source

    def close(self, piece: slice, unseen: NDArray[np.uint8]) -> None:
        """Say what became of each point of a piece.

        Args:
            piece: points about which all views were asked.
            unseen: uint8 (M,), PointStatus of those that no view has in its image.
        """
        support = self._support[piece]
        if self._overlap is not None:
            self._disputed += self._overlap.lower(piece, support)
        code = np.minimum(support, _ZERO).astype(np.int8)
        status = _STATUS.take(code)
        status += (code == _UNSEEN).view(np.uint8) * unseen
        self._status[piece] = status
        unknown = code < 0
        np.putmask(self._labels[piece], unknown, self._unknown_id)
        np.putmask(self._sources[piece], unknown, NO_SOURCE)
        np.maximum(support, _ZERO, out=support)

    def result(self) -> Transfer:
        """The best-supported label of every point, once all pieces are closed."""
        shares = tuple(self._tallies[source].share for source in sorted(self._tallies))
        return Transfer(
            self._labels, self._support, self._status, self._sources, self._disputed, shares
        )


@dataclass
class _Tally:
    """How many points a view sees, and how many of them have a label that can't be."""

    seen: int = 0
    contradicted: int = 0

    def add(self, vote: CameraVote, unclear: NDArray[np.bool_]) -> None:
        """Count a piece; which labels are `unclear`, bool (M,), says nothing against them."""
        self.seen += len(vote.hidden) - int(np.count_nonzero(vote.hidden))
        if vote.contradicted is not None:
            plain = vote.contradicted > (vote.hidden | unclear)
            self.contradicted += int(np.count_nonzero(plain))

    @property
    def share(self) -> float:
        """Of the points that it sees; 0 where they are too few to tell."""
        return self.contradicted / self.seen if self.seen >= _LEAST_SEEN else 0.0


class _Overlap:
    """What decides where several views see a point."""

    def __init__(self, count: int) -> None:
        self._rank = np.full(count, _UNSEEN, np.float32)
        self._runner_up = np.zeros(count, np.float32)

    def better(
        self,
        piece: slice,
        vote: CameraVote,
        support: NDArray[np.float32],
        known: NDArray[np.float32],
        differs: NDArray[np.bool_],
    ) -> NDArray[np.bool_]:
        """Which of the votes count more than what is known; remembers the strongest other label."""
        rank = support
        if vote.facing is not None:
            rank = np.where(support > 0, support * vote.facing, support)
        ranks, runners_up = self._rank[piece], self._runner_up[piece]
        better: NDArray[np.bool_] = rank > ranks.take(vote.index)
        disputed = np.flatnonzero((known > 0) & (support > 0) & differs)
        beaten = np.where(better, known, support)[disputed]
        points = vote.index[disputed]
        runners_up[points] = np.maximum(runners_up[points], beaten)
        won = np.flatnonzero(better)
        ranks[vote.index[won]] = rank[won]
        return better

    def lower(self, piece: slice, support: NDArray[np.float32]) -> int:
        """Confidence, given that not both can be right: c (1 - r) / (1 - c r); how many."""
        disputed = np.flatnonzero((self._runner_up[piece] > 0) & (support > 0))
        c, r = support[disputed], np.minimum(self._runner_up[piece][disputed], _SUREST)
        c = np.minimum(c, _SUREST)
        support[disputed] = c * (1 - r) / (1 - c * r)
        return len(disputed)


def _unknown_labels(count: int, unknown_id: int) -> NDArray[np.uint8] | NDArray[np.uint16]:
    if unknown_id < 256:
        return np.full(count, unknown_id, np.uint8)
    return np.full(count, unknown_id, np.uint16)
