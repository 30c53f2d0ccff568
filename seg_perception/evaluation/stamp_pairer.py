"""Labels and truths paired by their stamps, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

Ours = TypeVar("Ours")
Theirs = TypeVar("Theirs")
# A message waits for its partner while so many others of its kind come.
WINDOW = 32


@dataclass(frozen=True, eq=False)
class Pair(Generic[Ours, Theirs]):
    """Labels and the truth nearest to them."""

    labels: Ours
    truth: Theirs


class StampPairer(Generic[Ours, Theirs]):
    """Gives each labels the truth nearest in time, each truth once.

    Either may come first; both come in about the order of their stamps.

    Attributes:
        without_truth, without_labels: those that found no partner, until now.
    """

    def __init__(self, tolerance_ns: int, window: int = WINDOW) -> None:
        """Start empty.

        Args:
            tolerance_ns: largest distance of two stamps.
            window: messages of each kind that may wait.
        """
        self.without_truth = 0
        self.without_labels = 0
        self._tolerance_ns = tolerance_ns
        self._window = window
        self._labels: OrderedDict[int, Ours] = OrderedDict()
        self._truths: OrderedDict[int, Theirs] = OrderedDict()
        self._newest_truth_ns = -1

    def add_labels(self, stamp_ns: int, labels: Ours) -> Iterator[Pair[Ours, Theirs]]:
        """Take labels; gives the pairs that are complete now."""
        if stamp_ns in self._labels:
            self.without_truth += 1
        self._labels[stamp_ns] = labels
        return self._match(final=False)

    def add_truth(self, stamp_ns: int, truth: Theirs) -> Iterator[Pair[Ours, Theirs]]:
        """Take a truth; gives the pairs that are complete now."""
        if stamp_ns in self._truths:
            self.without_labels += 1
        self._truths[stamp_ns] = truth
        self._newest_truth_ns = max(self._newest_truth_ns, stamp_ns)
        return self._match(final=False)

    def reset(self) -> Iterator[Pair[Ours, Theirs]]:
        """Give what is left, and start anew: the stamps jumped back, or the recording ended."""
        yield from self._match(final=True)
        self.without_truth += len(self._labels)
        self.without_labels += len(self._truths)
        self._labels.clear()
        self._truths.clear()
        self._newest_truth_ns = -1

    @property
    def waiting(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The stamps of labels and of truths that have no partner yet."""
        return tuple(self._labels), tuple(self._truths)

    def settle_before(self, stamp_ns: int) -> None:
        """Give up what is older and waits: its partner would have come."""
        for stamp in [stamp for stamp in self._labels if stamp < stamp_ns]:
            del self._labels[stamp]
            self.without_truth += 1
        for stamp in [stamp for stamp in self._truths if stamp < stamp_ns]:
            del self._truths[stamp]
            self.without_labels += 1

    def _match(self, *, final: bool) -> Iterator[Pair[Ours, Theirs]]:
        for stamp_ns in list(self._labels):
            nearest = min(self._truths, key=lambda t: (abs(t - stamp_ns), t), default=None)
            distance_ns = abs(nearest - stamp_ns) if nearest is not None else None
            near = distance_ns is not None and distance_ns <= self._tolerance_ns
            # A truth that is still to come could be nearer.
            settled = (
                final
                or distance_ns == 0
                or self._newest_truth_ns
                >= stamp_ns
                + (distance_ns if near and distance_ns is not None else self._tolerance_ns)
            )
            if near and settled and nearest is not None:
                yield Pair(self._labels.pop(stamp_ns), self._truths.pop(nearest))
            elif settled:
                del self._labels[stamp_ns]
                self.without_truth += 1
        self._shorten()

    def _shorten(self) -> None:
        while len(self._labels) > self._window:
            self._labels.popitem(last=False)
            self.without_truth += 1
        while len(self._truths) > self._window:
            self._truths.popitem(last=False)
            self.without_labels += 1
