"""Features of clicked cells, frame by frame: what a preview is fitted on."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from seg_perception.teaching.learning.last_layer import Rows
from seg_perception.teaching.learning.targets import NO_TARGET, Point, grow, shrink

# Features float32 (D, h, w) and pieces int32 (H, W) of a frame.
Look: TypeAlias = tuple[Rows, NDArray[np.int32]]
Points: TypeAlias = tuple[Point, ...]
# A frame takes 2.4 MB here, its clicked cells some KB.
_MOST_KEPT = 60
# Of a frame: cells that hold what is known, and cells of one click.
_HELD_CELLS = 60
_CLICK_CELLS = 24


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells of a frame.

    Attributes:
        rows: float32 (N, D), features of clicked cells, in a random order.
        classes: uint8 (N,).
        held: float32 (M, D), features of other cells.
    """

    rows: Rows
    classes: NDArray[np.uint8]
    held: Rows

    def most(self, count: int) -> Cells:
        """At most so many clicked cells of them."""
        return Cells(self.rows[:count], self.classes[:count], self.held)


class ClickedCells:
    """Cells of the frames that were clicked; the encoder runs over a frame once."""

    def __init__(self, look: Callable[[str], Look]) -> None:
        """Take what runs the encoder over a frame."""
        self._run = look
        self._looks: OrderedDict[str, Look] = OrderedDict()
        self._cells: dict[str, tuple[Points, Cells]] = {}

    def look(self, name: str) -> Look:
        """Features and pieces of a frame."""
        if name not in self._looks:
            self._looks[name] = self._run(name)
            if len(self._looks) > _MOST_KEPT:
                self._looks.popitem(last=False)
        self._looks.move_to_end(name)
        return self._looks[name]

    def at_hand(self, name: str, points: Points) -> bool:
        """Whether the cells of these clicks cost no run of the encoder."""
        return name in self._looks or self._cells.get(name, (None,))[0] == points

    def of(self, name: str, points: Points) -> Cells:
        """Cells of a frame with these clicks."""
        if name not in self._cells or self._cells[name][0] != points:
            self._cells[name] = points, self._taken(name, points)
        return self._cells[name][1]

    def _taken(self, name: str, points: Points) -> Cells:
        features, pieces = self.look(name)
        target = shrink(grow(points, pieces), points, features.shape[1:]).reshape(-1)
        flat = features.reshape(features.shape[0], -1)
        rng = np.random.default_rng(len(points))
        clicked = rng.permutation(np.flatnonzero(target != NO_TARGET))
        clicked = clicked[: _CLICK_CELLS * len(points)]
        others = rng.integers(flat.shape[1], size=_HELD_CELLS)
        rows, held = (np.ascontiguousarray(flat[:, places].T) for places in (clicked, others))
        return Cells(rows, target[clicked], held)
