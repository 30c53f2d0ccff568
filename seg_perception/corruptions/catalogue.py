"""The corruptions by name, each in five strengths."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import ConfigError
from seg_perception.corruptions.coding import jpeg
from seg_perception.corruptions.lens import dirt, rain_drops
from seg_perception.corruptions.light import add_noise, darken, expose, haze
from seg_perception.corruptions.motion import defocus, motion_blur

Image = NDArray[np.uint8]
Rng = np.random.Generator
STRENGTHS = (1, 2, 3, 4, 5)
ALL = "all"
# Lengths are meant at this width, so that a picture of any size is spoilt alike.
_WIDTH_PX = 512


@dataclass(frozen=True)
class Corruption:
    """One way to spoil a picture.

    Attributes:
        name: in commands and tables.
        unit: what its amounts are, for people.
        amounts: of the five strengths.
        spoil: makes the picture of an amount; lengths are in pixels of the picture.
        is_length: whether amounts are pixels at a width of 512.
    """

    name: str
    unit: str
    amounts: tuple[float, ...]
    spoil: Callable[[Image, float, Rng], Image]
    is_length: bool = False

    def apply(self, image: Image, strength: int, key: str) -> Image:
        """A spoilt copy; the same for the same picture, strength and key.

        Args:
            image: uint8 (H, W, 3) RGB.
            strength: 1 to 5; 0 is the picture itself.
            key: of the picture, such as its name: what is random is drawn by it.
        """
        if strength == 0:
            return image
        amount = self.amounts[strength - 1]
        if self.is_length:
            amount *= image.shape[1] / _WIDTH_PX
        seed = zlib.crc32(f"{self.name} {strength} {key}".encode())
        return self.spoil(image, amount, np.random.default_rng(seed))


def _smear(image: Image, length_px: float, rng: Rng) -> Image:
    return motion_blur(image, length_px, rng.uniform(0, math.pi))


def _dusk(image: Image, factor: float, rng: Rng) -> Image:
    # The gain that makes up for a sixth of the light shows noise of 1.5 of 100.
    return darken(image, factor, min(0.0023 / factor, 0.04), rng)


CORRUPTIONS: Mapping[str, Corruption] = {
    corruption.name: corruption
    for corruption in (
        Corruption("motion_blur", "px at a width of 512", (3, 5, 9, 13, 19), _smear,
                   is_length=True),
        Corruption("defocus", "px, radius at a width of 512", (1, 2, 3, 4.5, 6.5),
                   lambda image, radius, _: defocus(image, radius), is_length=True),
        Corruption("darkness", "of the light, noise added after", (0.5, 0.3, 0.15, 0.08, 0.04),
                   _dusk),
        Corruption("glare", "times the light", (1.4, 1.8, 2.4, 3.2, 4.5),
                   lambda image, factor, _: expose(image, factor)),
        Corruption("noise", "of full scale, each channel its own",
                   (0.02, 0.04, 0.08, 0.12, 0.18), add_noise),
        Corruption("jpeg", "quality", (40, 25, 15, 10, 5),
                   lambda image, quality, _: jpeg(image, int(quality))),
        Corruption("haze", "of the light comes through at the top", (0.8, 0.65, 0.5, 0.35, 0.2),
                   lambda image, through, _: haze(image, through)),
        Corruption("rain_drops", "drops on the glass", (5, 10, 20, 35, 60),
                   lambda image, count, rng: rain_drops(image, int(count), rng)),
        Corruption("dirt", "of the glass covered", (0.03, 0.06, 0.12, 0.2, 0.35), dirt),
    )
}  # fmt: skip


def corruptions_named(names: Iterable[str]) -> tuple[Corruption, ...]:
    """The corruptions of these names in the catalogue's order; `all` is every one.

    Raises:
        ConfigError: a name that there is not.
    """
    wanted = set(names)
    if unknown := sorted(wanted - {ALL, *CORRUPTIONS}):
        msg = f"corruption {unknown[0]!r}: expected {ALL} or one of {', '.join(CORRUPTIONS)}"
        raise ConfigError(msg)
    return tuple(c for c in CORRUPTIONS.values() if ALL in wanted or c.name in wanted)
