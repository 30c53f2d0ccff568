"""What is scored: labels of one image or cloud, and the truth of the same pixels or points."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.evaluation.confusion import Labels

Picture = Callable[[], NDArray[np.uint8] | None]


@dataclass(frozen=True, eq=False)
class SpoiltLabels:
    """What the model says of a picture that was spoilt.

    Attributes:
        corruption: its name.
        strength: 1 to 5.
        predicted, confidence, distance: as of an `ImageSample`.
    """

    corruption: str
    strength: int
    predicted: Labels
    confidence: NDArray[np.uint8]
    distance: float | None = None


def _none() -> Iterable[SpoiltLabels]:
    """No corruption was asked for."""
    return ()


@dataclass(frozen=True)
class FrameId:
    """Which frame it is.

    Attributes:
        sequence: the drive.
        unit: what the bootstrap draws: the sequence, or a block of it.
        name: unique in its sequence.
        stamp_ns: 0 where the name does not tell.
    """

    sequence: str
    unit: str
    name: str
    stamp_ns: int


@dataclass(frozen=True, eq=False)
class ImageSample:
    """A labelled image.

    Attributes:
        truth: (H, W), ids of the truth's ontology; its unknown id where it says nothing.
        predicted: (h, w), ids of the model's ontology; enlarged to the truth's size by
            nearest neighbour, as data sets are scored.
        confidence: uint8 (h, w), 255 is certain; None where it was not recorded.
        picture: gives the image, uint8 (any, any, 3) RGB, or None; asked only for frames
            whose picture is kept.
        spoilt: labels the picture again, spoilt in each way that was asked for.
        distance: of the picture from what the model knows, 1 being the edge; None where nobody
            can tell.
    """

    frame: FrameId
    truth: Labels
    predicted: Labels
    confidence: NDArray[np.uint8] | None
    picture: Picture
    spoilt: Callable[[], Iterable[SpoiltLabels]] = _none
    distance: float | None = None


@dataclass(frozen=True, eq=False)
class CloudSample:
    """A labelled cloud.

    Attributes:
        truth, predicted: (N,), as for an image.
        confidence: (N,), 0 to 1; None where it was not recorded.
        xyz: (N, 3), metre, sensor frame.
        visible: bool (N,), whether a camera sees the point; None where the truth does not say.
        T_fixed_cloud: float64 (4, 4), into a frame that stays; None where it is not known.
    """

    frame: FrameId
    truth: Labels
    predicted: Labels
    confidence: NDArray[Any] | None
    xyz: NDArray[np.float32]
    visible: NDArray[np.bool_] | None
    T_fixed_cloud: NDArray[np.float64] | None


Sample = ImageSample | CloudSample
