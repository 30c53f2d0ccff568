"""Pictures that lie inside a page, within a budget of bytes."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.outputs.pictures import Rgb, encode_png, fit

_QUALITY = 82


@dataclass(frozen=True)
class EmbeddedImage:
    """An image of a page.

    Attributes:
        src: data URI.
        width, height: pixels.
        alt: what it shows, for those who can't see it.
    """

    src: str
    width: int
    height: int
    alt: str


class ImageEmbedder:
    """Embeds pictures as long as the page stays small enough to be mailed.

    Attributes:
        left_out: pictures for which no room was left.
    """

    def __init__(self, budget_bytes: int, width: int = 560) -> None:
        """Start empty.

        Args:
            budget_bytes: of all data URIs together.
            width: wider pictures are shrunk to it (pixel).
        """
        self.left_out = 0
        self._room = budget_bytes
        self._width = width

    def photo(self, image: Rgb, alt: str) -> EmbeddedImage | None:
        """A camera's image, or a blend with one, as JPEG; None where no room is left.

        Args:
            image: uint8 (H, W, 3), RGB.
            alt: what it shows.
        """
        small = self._fitted(image)
        bgr = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
        _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        return self._embed("jpeg", data.tobytes(), small, alt)

    def drawing(self, image: Rgb, alt: str) -> EmbeddedImage | None:
        """Flat colours as PNG; None where no room is left.

        Args:
            image: uint8 (H, W, 3), RGB.
            alt: what it shows.
        """
        small = self._fitted(image, flat=True)
        return self._embed("png", encode_png(small), small, alt)

    def _fitted(self, image: Rgb, *, flat: bool = False) -> Rgb:
        height, width = image.shape[:2]
        if width <= self._width:
            return image
        size = (self._width, max(1, round(height * self._width / width)))
        if flat:  # the mean of two labels' colours is a third one's
            return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_NEAREST_EXACT))
        return fit(image, *size)

    def _embed(
        self, kind: str, data: bytes, image: NDArray[np.uint8], alt: str
    ) -> EmbeddedImage | None:
        src = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
        if len(src) > self._room:
            self.left_out += 1
            return None
        self._room -= len(src)
        return EmbeddedImage(src, image.shape[1], image.shape[0], alt)
