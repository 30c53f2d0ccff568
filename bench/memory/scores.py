"""What became of the points of a stretch of a drive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.memory.recording import Step
from seg_perception.core.types import PointStatus, SemanticCloud


@dataclass
class Score:
    """Counts of returns of the lidar.

    Attributes:
        returns: that hit something.
        seen, remembered: with such a label.
        seen_right, remembered_right: and it is the true one.
        free: remembered as something to drive over though what is there blocks the way.
        moving: of somebody who moves, among those remembered.
        past_seen, past_right: seen since the drive began: what is remembered comes from these.
    """

    returns: int = 0
    seen: int = 0
    seen_right: int = 0
    remembered: int = 0
    remembered_right: int = 0
    free: int = 0
    moving: int = 0
    past_seen: int = 0
    past_right: int = 0

    def add(self, step: Step, semantic: SemanticCloud, groups: NDArray[np.uint8]) -> None:
        """Take a labelled scan; `groups`: 0 to drive over, 1 blocks the way, by class id."""
        truth, unknown = step.truth.reshape(-1), np.uint8(255)
        hit = truth != unknown
        right = semantic.labels == truth
        seen = hit & (semantic.status == PointStatus.LABELLED)
        remembered = hit & (semantic.status == PointStatus.REMEMBERED)
        free = (groups.take(semantic.labels) == 0) & (groups.take(truth) == 1)
        for name, of in (
            ("returns", hit),
            ("seen", seen),
            ("seen_right", seen & right),
            ("remembered", remembered),
            ("remembered_right", remembered & right),
            ("free", remembered & free),
            ("moving", remembered & step.moving.reshape(-1)),
        ):
            setattr(self, name, getattr(self, name) + int(np.count_nonzero(of)))

    def come_to(self, past: Score) -> None:
        """Take what was seen on the whole way until now, in place of what was seen until then."""
        self.past_seen, self.past_right = past.seen, past.seen_right

    def merge(self, other: Score) -> None:
        """Add another drive's."""
        for name, count in vars(other).items():
            setattr(self, name, getattr(self, name) + count)

    def shares(self) -> dict[str, float]:
        """Per cent, by column of the table."""
        return {
            "seen": _share(self.seen, self.returns),
            "seen right": _share(self.seen_right, self.seen),
            "seen until then, right": _share(self.past_right, self.past_seen),
            "remembered": _share(self.remembered, self.returns),
            "remembered right": _share(self.remembered_right, self.remembered),
            "together": _share(self.seen + self.remembered, self.returns),
            "blocks, remembered free": _share(self.free, self.remembered),
            "moving, remembered": _share(self.moving, self.remembered),
        }


def _share(part: int, whole: int) -> float:
    return 100 * part / whole if whole else float("nan")
