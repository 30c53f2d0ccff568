"""Which images are held out: whole drives or whole neighbourhoods, since neighbours look alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import DatasetError
from seg_perception.datasets.neighbourhood import describe_file, hold_out
from seg_perception.datasets.pairs import ImagePair
from seg_perception.training.project.found_ids import FoundIds

_FEWEST = 4
_SHARE = 0.2
_FEWEST_CLUSTERS, _MOST_CLUSTERS, _CLUSTER_IMAGES, _EVERY = 3, 32, 2, 5
_MARGIN = 0.33
_TRIALS = 12


@dataclass(frozen=True)
class HeldOut:
    """The parts of a data set, as numbers of its images.

    Attributes:
        train, validation: the parts.
        dropped: too much like a held-out image to be learnt from.
        how: for people.
    """

    train: tuple[int, ...]
    validation: tuple[int, ...]
    dropped: tuple[int, ...]
    how: str

    def renumbered(self, numbers: Sequence[int]) -> HeldOut:
        """The same of a longer list: the number of each image in it."""
        parts = (self.train, self.validation, self.dropped)
        train, validation, dropped = (tuple(numbers[n] for n in part) for part in parts)
        return HeldOut(train, validation, dropped, self.how)


def choose_held_out(pairs: Sequence[ImagePair], found: FoundIds) -> HeldOut:
    """The data set's own split, else whole sequences, else whole neighbourhoods.

    Of several trials the one counts that leaves every id to learn from and holds most of them out.
    Images that the data set keeps for its test are in no part.

    Raises:
        DatasetError: too few images, or one can't be decoded.
    """
    own = {split: _numbers(pairs, split) for split in ("train", "val", "test")}
    if own["train"] and own["val"]:
        return HeldOut(own["train"], own["val"], (), "the data set's own val")
    usable = sorted(set(range(len(pairs))) - set(own["test"]))
    if len(usable) < _FEWEST:
        msg = f"expected {_FEWEST} images or more, so that some can be held out, got {len(usable)}"
        raise DatasetError(msg)
    chosen = [pairs[number] for number in usable]
    drives = len({pair.sequence for pair in chosen})
    trials = _by_sequence(chosen) if drives > 1 else _by_neighbourhood(chosen)
    return max(trials, key=lambda trial: _merit(trial, found.pixels[usable])).renumbered(usable)


def _numbers(pairs: Sequence[ImagePair], split: str) -> tuple[int, ...]:
    return tuple(number for number, pair in enumerate(pairs) if pair.split == split)


def _merit(trial: HeldOut, pixels: NDArray[np.int64]) -> tuple[int, int, float]:
    """Ids to learn from, ids held out, and how few images are lost or too many."""
    learnt, held = (
        int((pixels[list(part)].sum(axis=0) > 0).sum()) if part else 0
        for part in (trial.train, trial.validation)
    )
    count = len(trial.train) + len(trial.validation) + len(trial.dropped)
    lost = abs(len(trial.validation) / count - _SHARE) + len(trial.dropped) / count / 2
    return learnt, held, -lost


def _by_sequence(pairs: Sequence[ImagePair]) -> Iterator[HeldOut]:
    of = np.array([pair.sequence for pair in pairs])
    names = sorted(set(of.tolist()))
    for trial in range(_TRIALS):
        held: list[str] = []
        for name in np.random.default_rng(trial).permutation(names)[:-1]:
            if np.isin(of, held).mean() < _SHARE:
                held.append(str(name))
        out = np.isin(of, held)
        how = f"whole sequences: {', '.join(sorted(held))}"
        yield HeldOut(_indices(~out), _indices(out), (), how)


def _by_neighbourhood(pairs: Sequence[ImagePair]) -> Iterator[HeldOut]:
    descriptors = np.stack([describe_file(pair.image) for pair in pairs])
    clusters = min(max(_FEWEST_CLUSTERS, len(pairs) // _CLUSTER_IMAGES), _MOST_CLUSTERS)
    for seed in range(_TRIALS):
        for margin in (_MARGIN, 0.0):
            chosen = hold_out(descriptors, clusters, min(_EVERY, clusters), margin, seed)
            # Where everything looks alike, nothing would be left to learn from.
            if margin and len(chosen.train) <= len(chosen.dropped):
                continue
            how = f"whole neighbourhoods of look-alike images ({clusters} clusters, seed {seed})"
            yield HeldOut(chosen.train, chosen.validation, chosen.dropped, how)
            break


def _indices(chosen: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(index) for index in np.flatnonzero(chosen))
