"""What a network is pointed at: boxes, clicks and coarse masks in a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from seg_perception.open_vocabulary.teacher import Image, Phrases

Box = tuple[float, float, float, float]
Click = tuple[float, float, bool]


@dataclass(frozen=True, eq=False)
class Prompt:
    """One thing that is pointed at.

    Attributes:
        box: left, top, right, bottom, pixel of the picture; None without.
        clicks: x, y, and whether the thing is there.
        coarse: bool (H, W), roughly where it is; None without.
    """

    box: Box | None = None
    clicks: tuple[Click, ...] = ()
    coarse: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class PromptedMasks:
    """What a network cuts out.

    Attributes:
        masks: float32 (N, h, w), 0 to 1, over the whole picture.
        quality: float32 (N,), the IoU that the network expects of each.
    """

    masks: NDArray[np.float32]
    quality: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FoundBoxes:
    """What a detector found in a picture.

    Attributes:
        boxes: float32 (N, 4), left, top, right, bottom, pixel of the picture.
        scores: float32 (N,), 0 to 1.
        phrases: int64 (N,), which phrase each answers.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    phrases: NDArray[np.int64]


def corners(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Left, top, right, bottom of boxes, float32 (N, 4), that have centre and size."""
    middle, half = boxes[:, :2], boxes[:, 2:] / 2
    return np.concatenate([middle - half, middle + half], axis=1)


class MaskMaker(Protocol):
    """Cuts out what it is pointed at."""

    description: str

    def masks(self, image: Image, prompts: Sequence[Prompt]) -> PromptedMasks:
        """A mask for each prompt in a picture, uint8 (H, W, 3) RGB."""
        ...


class Detector(Protocol):
    """Finds boxes around what phrases name."""

    description: str

    def expect(self, phrases: Phrases) -> None:
        """Refuse what it can't be asked for."""
        ...

    def boxes(self, images: Sequence[Image], phrases: Phrases, share: float) -> list[FoundBoxes]:
        """Every box of some score, of pictures of one size; `share` of the network's size."""
        ...
