"""An image with its labels, and the names of the folders that we write them to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import DatasetError
from seg_perception.datasets.mapping import UNMAPPED
from seg_perception.io.bit_depth import to_picture
from seg_perception.io.image_files import decode_file

IMAGES = "images"
MASKS = "masks_src"


@dataclass(frozen=True)
class LabelledImage:
    """One image and what its pixels stand for.

    Attributes:
        name: file name without suffix.
        image: uint8 (H, W, 3), RGB.
        targets: uint8 (H, W), ids of a `TargetSpace`; 255 is ignored.
    """

    name: str
    image: NDArray[np.uint8]
    targets: NDArray[np.uint8]


def read_image(path: Path) -> NDArray[np.uint8]:
    """uint8 (H, W, 3), RGB; upright, and of 16 bits those that the brightest pixel needs.

    Raises:
        DatasetError: it can't be decoded, or its pixels are no whole numbers.
    """
    pixels = _read(path, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    if pixels.dtype not in (np.uint8, np.uint16):
        msg = f"{path}: expected 8 or 16 bits a channel, got {pixels.dtype}; save it as PNG"
        raise DatasetError(msg)
    rgb: Any = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
    return to_picture(rgb)


def to_targets(
    mask: NDArray[Any], size: tuple[int, ...], lookup: NDArray[np.uint8], path: Path
) -> NDArray[np.uint8]:
    """What the pixels of a mask stand for in training.

    Args:
        mask: as it was decoded.
        size: (H, W) of its image.
        lookup: uint8 (256,), target by source id.
        path: of the mask, for the sentence.

    Raises:
        DatasetError: it is no mask of 8-bit ids, of another size than the image, or holds
            an id that the mapping does not know.
    """
    if mask.ndim != 2 or mask.dtype != np.uint8:
        msg = (
            f"{path}: expected a mask of one 8-bit channel, got {mask.dtype} {mask.shape}: "
            "training reads ids from 0 to 255; save others under smaller numbers"
        )
        raise DatasetError(msg)
    if mask.shape != size:
        msg = (
            f"{path}: expected the image's size {size[1]}x{size[0]}, "
            f"got {mask.shape[1]}x{mask.shape[0]}: export both at one size"
        )
        raise DatasetError(msg)
    targets: NDArray[np.uint8] = lookup[mask]
    if (targets == UNMAPPED).any():
        unknown = sorted({int(i) for i in np.unique(mask[targets == UNMAPPED])})
        msg = (
            f"{path}: holds ids {unknown} that the mapping does not know: "
            "add them to it (`as: []` ignores)"
        )
        raise DatasetError(msg)
    return targets


def _read(path: Path, flags: int) -> NDArray[Any]:
    array = decode_file(path, flags)
    if array is None:
        msg = f"{path}: can't be decoded as an image: replace the file or take it out of the split"
        raise DatasetError(msg)
    return np.asarray(array)
