"""Which frames of bags and image folders are taught with, and which are kept aside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seg_perception.active_learning.candidate import Candidate
from seg_perception.active_learning.config import MiningConfig
from seg_perception.active_learning.mine import Step, survey
from seg_perception.active_learning.selection import Choice
from seg_perception.active_learning.summary import frame_name
from seg_perception.config import Config
from seg_perception.core.disk_errors import expect_readable
from seg_perception.core.errors import ImageError, TeachingError
from seg_perception.datasets.neighbourhood import describe, hold_out
from seg_perception.io.photographs import SUFFIXES, PhotographReader
from seg_perception.io.remapped_bag import RemappedBag
from seg_perception.teaching.clicks import Part
from seg_perception.teaching.config import TeachingConfig
from seg_perception.teaching.lidar_links import Key
from seg_perception.teaching.linked_frames import LinkedFrames, key_of, neighbours_of
from seg_perception.teaching.stretches import Stretches, split_stretches

_FEWEST_IMAGES = 6
_MOST_CLUSTERS = 24
# What is as near to a kept-aside image is in neither part.
_MARGIN = 0.33
_KEPT = ("kept aside: nothing is learnt from it",)


@dataclass(frozen=True, eq=False)
class ChosenFrame:
    """A frame and why it was taken; its fields are those of `TeachingFrame`, but for two.

    Attributes:
        asked: whether it is shown to be clicked on; if not, clicks of others are carried to it.
        links: by the name of the frame that is clicked on, points that both see, as
            `Links.points`.
    """

    name: str
    source: str
    camera: str
    stamp_ns: int
    part: Part
    reasons: tuple[str, ...]
    image: NDArray[np.uint8]
    asked: bool = True
    links: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


def choose_of_bag(
    bag: RemappedBag, config: Config, wishes: TeachingConfig, step: Step
) -> Iterator[ChosenFrame]:
    """Frames of a bag: what `mine` finds valuable to teach with, and an even share to prove on.

    Args:
        bag: any recording.
        config: as for a replay.
        wishes: how many frames.
        step: makes a progress bar for a step that is named.

    Raises:
        BagError, BundleError, EngineError: as `mine`.
    """
    mining = MiningConfig.parse({"count": wishes.frames, "seed": wishes.seed})
    with survey(bag, config, mining, step) as found:
        candidates = found.candidates
        parts = _by_camera(candidates, wishes)
        may_teach = [candidates[n] for n in parts.teach]
        teach = found.choose(may_teach)
        gate = [_kept(candidates[n]) for n in _evenly(parts.gate, wishes.gate_frames)]
        linked = LinkedFrames.of(bag, config, teach, neighbours_of(teach, may_teach, wishes))
        part_of: Mapping[Key, Part] = {
            **{key_of(choice): "teach" for choice in [*teach, *linked.extra]},
            **{key_of(choice): "gate" for choice in gate},
        }
        with step("taking the chosen frames") as advance:
            for choice, frame, _ in found.take([*teach, *gate, *linked.extra], advance):
                yield ChosenFrame(
                    name=frame_name(choice),
                    source=str(bag),
                    camera=choice.candidate.camera,
                    stamp_ns=choice.candidate.stamp_ns,
                    part=part_of[key_of(choice)],
                    reasons=choice.reasons,
                    image=frame.image,
                    asked=choice not in linked.extra,
                    links=linked.to.get(key_of(choice), {}),
                )


def choose_of_folder(folder: Path, wishes: TeachingConfig, step: Step) -> Iterator[ChosenFrame]:
    """Images of a folder: whole neighbourhoods of look-alike images are kept aside.

    Raises:
        TeachingError: no images in it.
        ImageError: one of them can't be decoded.
    """
    files = _images(folder)
    reader = PhotographReader()
    descriptors = []
    with step("looking at every image") as advance:
        for number, file in enumerate(files, start=1):
            descriptors.append(describe(reader.read(file).image))
            advance(number, len(files))
    parts = _by_neighbourhood(np.stack(descriptors), wishes)
    teach, gate = _evenly(parts.teach, wishes.frames), _evenly(parts.gate, wishes.gate_frames)
    for number in sorted([*teach, *gate]):
        kept = number in gate
        yield ChosenFrame(
            name="_".join(files[number].relative_to(folder).with_suffix("").parts),
            source=str(folder),
            camera="",
            stamp_ns=number,
            part="gate" if kept else "teach",
            reasons=_KEPT if kept else ("spread evenly over the folder",),
            image=reader.read(files[number]).image,
        )


def _by_camera(candidates: Sequence[Candidate], wishes: TeachingConfig) -> Stretches:
    """The same stretches of time for all cameras: they see the same places."""
    return split_stretches([c.stamp_ns for c in candidates], wishes.gate_share, wishes.seed)


def _by_neighbourhood(descriptors: NDArray[np.float32], wishes: TeachingConfig) -> Stretches:
    count = len(descriptors)
    if count < _FEWEST_IMAGES or wishes.gate_share <= 0:
        return Stretches(tuple(range(count)), ())
    clusters = min(_MOST_CLUSTERS, count // 2)
    every = max(2, round(1 / wishes.gate_share))
    for margin in (_MARGIN, 0.0):
        found = hold_out(descriptors, clusters, every, margin, wishes.seed)
        # Where everything looks alike, nothing would be left to teach with.
        if len(found.train) > len(found.dropped):
            break
    return Stretches(found.train, found.validation)


def _kept(candidate: Candidate) -> Choice:
    return Choice(candidate, 0.0, {}, _KEPT)


def _evenly(places: Sequence[int], count: int) -> list[int]:
    """So many of a list, evenly; all where there are fewer."""
    if len(places) <= count:
        return list(places)
    chosen = np.linspace(0, len(places) - 1, count).round().astype(int)
    return [places[int(number)] for number in chosen]


def _images(folder: Path) -> list[Path]:
    expect_readable(folder, ImageError)
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    if not found:
        msg = f"{folder}: expected a bag, or a folder with images ({', '.join(SUFFIXES)}), got none"
        raise TeachingError(msg)
    return found
