"""Pictures around a taught frame that see the same points: its clicks are carried to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.active_learning.candidate import Candidate
from seg_perception.active_learning.selection import Choice
from seg_perception.active_learning.summary import frame_name
from seg_perception.config import Config
from seg_perception.core.types import NANOSECONDS
from seg_perception.io.remapped_bag import RemappedBag
from seg_perception.teaching.config import TeachingConfig
from seg_perception.teaching.lidar_links import Key, find_links

_NEIGHBOUR = "sees points of a taught frame"


def neighbours_of(
    teach: Sequence[Choice], candidates: Sequence[Candidate], wishes: TeachingConfig
) -> dict[Key, list[Candidate]]:
    """Pictures of the same camera around each taught frame, never kept-aside ones.

    Args:
        teach: the taught frames.
        candidates: all that may be learnt from.
        wishes: how many, and how far apart.
    """
    found: dict[Key, list[Candidate]] = {}
    gap_ns = wishes.neighbour_gap_s * NANOSECONDS
    for choice in teach:
        own = choice.candidate
        others = [c for c in candidates if c.camera == own.camera and c is not own]
        near: list[Candidate] = []
        for number in range(wishes.neighbours):
            # After it, before it, then as far again.
            wanted_ns = own.stamp_ns + (-1) ** number * (number // 2 + 1) * gap_ns
            nearest = min(others, key=lambda c: abs(c.stamp_ns - wanted_ns), default=None)
            is_there = nearest and abs(nearest.stamp_ns - wanted_ns) <= gap_ns / 2
            if nearest is not None and is_there and nearest not in near:
                near.append(nearest)
        if near:
            found[key_of(choice)] = near
    return found


@dataclass(frozen=True, eq=False)
class LinkedFrames:
    """Pictures that see points of taught frames.

    Attributes:
        extra: those that are not taught frames themselves.
        to: links by picture.
    """

    extra: list[Choice]
    to: Mapping[Key, Mapping[str, NDArray[np.float32]]]

    @classmethod
    def of(
        cls,
        bag: RemappedBag,
        config: Config,
        teach: Sequence[Choice],
        near: Mapping[Key, Sequence[Candidate]],
    ) -> LinkedFrames:
        """Find them in the bag; `near` is of `neighbours_of`."""
        wanted = {
            key: [(other.camera, other.stamp_ns) for other in others]
            for key, others in near.items()
        }
        names = {key_of(choice): frame_name(choice) for choice in teach}
        to: dict[Key, dict[str, NDArray[np.float32]]] = {}
        for links in find_links(bag, config, wanted):
            to.setdefault(links.other, {})[names[links.frame]] = links.points
        others = {(c.camera, c.stamp_ns): c for some in near.values() for c in some}
        extra = [
            Choice(others[key], 0.0, {}, (_NEIGHBOUR,)) for key in sorted(to) if key not in names
        ]
        return cls(extra, to)


def key_of(choice: Choice) -> Key:
    """Which picture it is."""
    return choice.candidate.camera, choice.candidate.stamp_ns
