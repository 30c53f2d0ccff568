"""Pictures as a teacher's network wants them, by what its folder says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from seg_perception.core.errors import OpenVocabularyError
from seg_perception.open_vocabulary.teacher import Image

Fit = Literal["stretch", "square", "proportions"]
_LONGEST = 1333


@dataclass(frozen=True)
class Pixels:
    """How pictures get a network's size and numbers.

    Attributes:
        fit: `stretch` to a size; `square`: padded with black at right and bottom, then scaled;
            `proportions`: the shorter side is scaled, as long as the longer one allows it.
        size: height, width; with `proportions` shortest and longest side.
        mean, std: of pixels between 0 and 1.
    """

    fit: Fit
    size: tuple[int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of_settings(cls, settings: Mapping[str, Any], fit: Fit) -> Pixels:
        """As an image processor of `transformers` was saved.

        Raises:
            OpenVocabularyError: it names no size, or no mean and deviation of three channels.
        """
        size = settings.get("size") or {}
        shortest = size.get("shortest_edge")
        sides = (
            (shortest, size.get("longest_edge", _LONGEST))
            if fit == "proportions"
            else (size.get("height", shortest), size.get("width", shortest))
        )
        mean, std = settings.get("image_mean"), settings.get("image_std")
        if not all(sides) or len(mean or ()) != 3 or len(std or ()) != 3:
            msg = (
                "preprocessor_config.json: expected a size, and image_mean and image_std of three "
                f"channels, got {size}, {mean} and {std}; download it again"
            )
            raise OpenVocabularyError(msg)
        wanted = (int(sides[0] or 0), int(sides[1] or 0))
        return cls(fit, wanted, tuple(mean or ()), tuple(std or ()))

    def scaled(self, share: float, multiple: int) -> Pixels:
        """Smaller pictures, their sides multiples of a number of pixels."""
        height, width = (max(1, round(n * share / multiple)) * multiple for n in self.size)
        return Pixels(self.fit, (height, width), self.mean, self.std)

    def tensor(self, images: Sequence[Image], device: torch.device) -> Tensor:
        """float32 (B, 3, h, w), of pictures, uint8 (H, W, 3), all of one size."""
        stacked = torch.from_numpy(np.stack(images)).to(device).permute(0, 3, 1, 2)
        numbers = stacked.float() / 255
        if self.fit == "square":
            height, width = numbers.shape[-2:]
            side = max(height, width)
            numbers = pad(numbers, (0, side - width, 0, side - height))
        size = self._size_for(images[0])
        if size != tuple(numbers.shape[-2:]):
            numbers = interpolate(
                numbers, size, mode="bilinear", align_corners=False, antialias=True
            )
        mean, std = (
            torch.tensor(values, device=device)[:, None, None] for values in (self.mean, self.std)
        )
        return (numbers - mean) / std

    def _size_for(self, image: Image) -> tuple[int, int]:
        if self.fit != "proportions":
            return self.size
        height, width = image.shape[:2]
        shortest, longest = self.size
        scale = min(shortest / min(height, width), longest / max(height, width))
        return max(1, round(height * scale)), max(1, round(width * scale))
