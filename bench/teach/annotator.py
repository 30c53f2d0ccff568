"""An annotator that knows the truth, and presses a wrong key now and then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.teach.places import Place
from seg_perception.teaching.learning.targets import Point
from seg_perception.teaching.points import doubtful_cell
from seg_perception.teaching.superpixels import superpixels

_VOID = 255


class Annotator:
    """Clicks on the frames of a place, evenly: questions and errors in turn, or at random.

    Args:
        place: to be clicked on.
        ids: of the classes, by name.
        said: labels and confidence of each frame by the model before.
        wrong: share of the keys that are wrong, so many of them and not by chance.
        seed: of points and wrong keys.
    """

    def __init__(
        self, place: Place, ids: Mapping[str, int], said: Sequence[Any], wrong: float, seed: int
    ) -> None:
        self._place, self._said, self._wrong, self._seed = place, said, wrong, seed
        self._ids = ids
        self._pieces: dict[int, NDArray[np.int32]] = {}
        self._rng = np.random.default_rng(seed)

    def clicks(self, count: int, how: str) -> dict[int, list[Point]]:
        """So many clicks by frame; `mixed` as the page has it, `random`, `errors` or `asked`."""
        frames = len(self._place.pictures)
        order = self._rng.permutation(frames)
        taken: list[tuple[int, tuple[int, int]]] = []
        care: list[float] = []
        number = 0
        while len(taken) < count and number < 20 * count:
            frame, turn = int(order[number % frames]), number // frames
            kind = ("asked", "errors")[(number + turn) % 2] if how == "mixed" else how
            cell = self._cell(frame, turn, kind)
            number += 1
            if cell is not None:
                taken.append((frame, cell))
                care.append(float(self._rng.uniform()))
        # The least careful ones slip, so that there are so many and no place depends on them.
        slips = np.argsort(care)[: round(self._wrong * len(taken))].tolist()
        found: dict[int, list[Point]] = {}
        for place, (frame, cell) in enumerate(taken):
            label = self._label(frame, *cell, slips=place in slips)
            found.setdefault(frame, []).append(Point(*cell, label))
        return found

    def _cell(self, frame: int, turn: int, how: str) -> tuple[int, int] | None:
        truth = self._place.truths[frame]
        labels, confidence = self._said[frame][:2]
        if how == "asked":
            if frame not in self._pieces:
                self._pieces[frame] = superpixels(self._place.pictures[frame])
            cell = doubtful_cell(confidence, self._pieces[frame], (self._seed, frame, turn))
            return cell if truth[cell] != _VOID else None
        known = truth != _VOID
        if how == "errors":
            known &= ~self._place.right(labels, frame)
        places = np.flatnonzero(known)
        if not places.size:
            return None
        row, column = divmod(int(self._rng.choice(places)), truth.shape[1])
        return row, column

    def _label(self, frame: int, row: int, column: int, *, slips: bool) -> int:
        number = int(self._place.truths[frame][row, column])
        if slips:
            number = int(self._rng.choice([n for n in self._place.names if n != number]))
        return self._ids[self._place.names[number]]
