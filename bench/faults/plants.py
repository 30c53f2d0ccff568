"""Faults that are planted into the pictures of a recording."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.corruptions.catalogue import CORRUPTIONS

Image = NDArray[np.uint8]
_KEY = "planted"


@dataclass
class Plant:
    """One fault.

    Attributes:
        words: codes of the issues that name it; one of them has to be said.
        spoil: a picture with it, of one without; called for each picture in their order.
        focal: camera_info says so many times the focal length.
        length_s: how long it lasts.
    """

    words: frozenset[str]
    spoil: Callable[[Image], Image]
    focal: float = 1.0
    length_s: float = 8.0


class _Stuck:
    """The first picture again and again."""

    def __init__(self) -> None:
        self._first: Image | None = None

    def __call__(self, image: Image) -> Image:
        self._first = image.copy() if self._first is None else self._first
        return self._first


def _corrupted(name: str, strength: int) -> Callable[[Image], Image]:
    corruption = CORRUPTIONS[name]
    return lambda image: corruption.apply(image, strength, _KEY)


PLANTS: Mapping[str, Callable[[], Plant]] = {
    "out of focus (4.5 px)": lambda: _plant("picture_blurred", _corrupted("defocus", 4)),
    "motion blur (19 px)": lambda: _plant("picture_blurred", _corrupted("motion_blur", 5)),
    "mud, 20 % of the glass": lambda: _plant("picture_dirty", _corrupted("dirt", 4)),
    "mud, 35 % of the glass": lambda: _plant("picture_dirty", _corrupted("dirt", 5)),
    "darkness (x0.04)": lambda: _plant("picture_dark", _corrupted("darkness", 5)),
    "a hand on the lens": lambda: _plant("picture_blank", lambda image: np.full_like(image, 60)),
    "the same picture again": lambda: _plant("picture_frozen", _Stuck()),
    "upside down": lambda: Plant(
        frozenset({"picture_turned", "picture_upside_down"}),
        lambda image: np.ascontiguousarray(image[::-1, ::-1]),
        length_s=12,
    ),
    "red for blue": lambda: _plant("picture_swapped", lambda image: image[..., ::-1]),
    "another lens (x0.8)": lambda: _lens(0.8),
}


def _plant(word: str, spoil: Callable[[Image], Image]) -> Plant:
    return Plant(frozenset({word}), lambda image: np.ascontiguousarray(spoil(image)))


def _lens(focal: float) -> Plant:
    words = frozenset({"odd_camera_info", "lens_unfit"})
    return Plant(words, lambda image: image, focal=focal, length_s=60.0)
