"""Photographs from files as people see them: upright, of any depth, the transparent left out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import ImageError
from seg_perception.io.bit_depth import find_bit_depth, to_8_bits
from seg_perception.io.image_files import decode_file

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
# Of the coded files these alone can be transparent.
_MAYBE_TRANSPARENT = (".png", ".webp", ".tif", ".tiff")


@dataclass(frozen=True, eq=False)
class Photograph:
    """A picture as people see it.

    Attributes:
        image: uint8 (H, W, 3), RGB.
        blank: bool (H, W), where nothing was photographed; None where that is nowhere.
    """

    image: NDArray[np.uint8]
    blank: NDArray[np.bool_] | None = None


class PhotographReader:
    """Reads the photographs of one camera or folder.

    An EXIF orientation is applied, grey becomes three equal channels, fully transparent pixels
    are blank. 16-bit pixels hold as many bits as the brightest so far needs.
    """

    def __init__(self) -> None:
        """Start before the first one."""
        self._largest = 0

    def read(self, path: Path) -> Photograph:
        """One of them.

        Raises:
            ImageError: it can't be decoded, or its pixels are no whole numbers of 8 or 16 bits.
        """
        pixels = decode_file(path, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
        if pixels is None:
            msg = f"{path}: can't be decoded as an image: replace or remove it"
            raise ImageError(msg)
        if pixels.dtype not in (np.uint8, np.uint16):
            msg = (
                f"{path}: expected 8 or 16 bits a channel, got {pixels.dtype}; save it as a PNG "
                "of 8 or 16 bits"
            )
            raise ImageError(msg)
        blank = _blank(path, pixels.shape[:2])
        rgb: Any = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
        if rgb.dtype == np.uint16:
            self._largest = max(self._largest, int(rgb.max()))
        return Photograph(to_8_bits(rgb, find_bit_depth(self._largest)), blank)


def _blank(path: Path, size: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """Where a file is fully transparent.

    Raises:
        ImageError: it is, and lies on its side: what belongs to which pixel is not known.
    """
    if path.suffix.lower() not in _MAYBE_TRANSPARENT:
        return None
    pixels = decode_file(path, cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim != 3 or pixels.shape[2] != 4:
        return None
    blank: NDArray[np.bool_] = pixels[..., 3] == 0
    if not blank.any():
        return None
    if blank.shape != size:
        msg = f"{path}: it is transparent and has an EXIF orientation; save it upright"
        raise ImageError(msg)
    return blank
