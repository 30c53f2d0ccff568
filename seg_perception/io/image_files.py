"""Pictures and masks to files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
from numpy.typing import NDArray

from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import SegPerceptionError


def write_image(
    path: Path,
    pixels: NDArray[Any],
    kind: type[SegPerceptionError],
    parameters: Sequence[int] = (),
) -> None:
    """Write an image in the coding that its name ends in.

    Not by OpenCV's own writer, which takes a full disk for a success.

    Args:
        path: ends in .png or .jpg.
        pixels: uint8 or uint16 (H, W), or uint8 (H, W, 3) BGR.
        kind: the error to raise.
        parameters: of OpenCV's encoder.

    Raises:
        SegPerceptionError: of `kind`: as `write_file`.
    """
    write_file(path, encode_image(pixels, path.suffix, parameters), kind)


def encode_image(
    pixels: NDArray[Any], suffix: str = ".png", parameters: Sequence[int] = ()
) -> bytes:
    """The bytes of an image file; arguments as in `write_image`."""
    _, data = cv2.imencode(suffix, pixels, parameters)
    return data.tobytes()
