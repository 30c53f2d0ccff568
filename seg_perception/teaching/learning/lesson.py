"""What a head is taught with: cached features, targets, and what must not be forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.inference.manifest import Manifest
from seg_perception.inference.onnx.graph import keep_outputs
from seg_perception.teaching.learning.graph import TeachableGraph
from seg_perception.teaching.learning.graph_runner import GraphRunner
from seg_perception.teaching.learning.likeness import Looker, alike
from seg_perception.teaching.learning.targets import NO_TARGET, Point, grow, shrink
from seg_perception.teaching.superpixels import superpixels

Features = Mapping[str, NDArray[np.float16]]


@dataclass(frozen=True, eq=False)
class TaughtPicture:
    """A picture with clicks.

    Attributes:
        features: what the encoder says, float16.
        target: uint8 (h, w) at the scores' size.
        told: the same of labels that count less; None without any.
    """

    features: Features
    target: NDArray[np.uint8]
    told: NDArray[np.uint8] | None = None


@dataclass(frozen=True, eq=False)
class ClickedPicture:
    """A picture as it was clicked.

    Attributes:
        features: what the encoder says, float16.
        picture: uint8 (h, w, 3) of the network's size.
        points: the clicks.
        teacher: labels of a teacher, uint8 (h, w), `NO_TARGET` where it has none; None without one.
    """

    features: Features
    picture: NDArray[np.uint8]
    points: Sequence[Point]
    teacher: NDArray[np.uint8] | None = None


@dataclass(frozen=True, eq=False)
class KeptPicture:
    """A picture whose labels must stay: an old frame, a golden frame or a simulated one.

    Attributes:
        features: what the encoder says, float16.
        truth: uint8 (h, w) at the scores' size, `NO_TARGET` where it is not known.
    """

    features: Features
    truth: NDArray[np.uint8]


@dataclass(frozen=True)
class Lesson:
    """Everything a head learns from, in a fixed order.

    Attributes:
        taught: pictures with clicks.
        carried: pictures beside them, with clicks that were carried there.
        kept: pictures whose labels must stay.
        like: of each class that is new the row that it starts from.
    """

    taught: Sequence[TaughtPicture]
    kept: Sequence[KeptPicture] = ()
    like: Sequence[int] = ()
    carried: Sequence[TaughtPicture] = ()


class Encoder:
    """The frozen part of a graph, and the pictures that went through it."""

    def __init__(self, graph: TeachableGraph, manifest: Manifest) -> None:
        """Cut the graph behind its encoder."""
        model = keep_outputs(graph.with_outputs(graph.cuts), graph.cuts)
        self._runner = GraphRunner(model, manifest, graph.cuts)

    def features(self, picture: NDArray[np.uint8]) -> Features:
        """Float16 tensors by name of a picture, uint8 (h, w, 3) of the network's size."""
        found = self._runner.run(picture)
        return {name: value.astype(np.float16) for name, value in found.items()}


def taught_pictures(
    graph: TeachableGraph, clicked: Sequence[ClickedPicture], size: tuple[int, int]
) -> list[TaughtPicture]:
    """Pictures with their clicks, grown over their pieces, and over others that are like them.

    Args:
        graph: the model before, to which pieces look alike.
        clicked: all of them: what is like what is told by all.
        size: the scores' (height, width).
    """
    pieces = [superpixels(entry.picture) for entry in clicked]
    looker = Looker(graph)
    like: Sequence[NDArray[np.uint8] | None] = [None] * len(clicked)
    if looker.usable and clicked:
        looks = [looker.look(c.features, own) for c, own in zip(clicked, pieces, strict=True)]
        like = alike(looks, [entry.points for entry in clicked])
    return [_taught(*entry, size) for entry in zip(clicked, pieces, like, strict=True)]


def _taught(
    clicked: ClickedPicture,
    pieces: NDArray[np.int32],
    like: NDArray[np.uint8] | None,
    size: tuple[int, int],
) -> TaughtPicture:
    """Clicks count where they speak, then pieces that are like theirs, then a teacher."""
    target = shrink(grow(clicked.points, pieces), clicked.points, size)
    told = np.full(size, NO_TARGET, np.uint8)
    for labels in (clicked.teacher, like):
        if labels is not None:
            said = shrink(labels, (), size)
            told = np.where(said == NO_TARGET, told, said)
    told = np.where(target == NO_TARGET, told, np.uint8(NO_TARGET))
    return TaughtPicture(clicked.features, target, told)


def kept_pictures(
    encoder: Encoder,
    pictures: Iterable[tuple[NDArray[np.uint8], NDArray[np.uint8] | None]],
    size: tuple[int, int],
) -> list[KeptPicture]:
    """Pictures with or without truth, uint8 (h, w, 3) and (h, w), of the network's size."""
    kept = []
    for picture, truth in pictures:
        cells = np.full(size, NO_TARGET, np.uint8) if truth is None else shrink(truth, (), size)
        kept.append(KeptPicture(encoder.features(picture), cells))
    return kept
