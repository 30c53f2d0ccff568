"""Pictures and masks from and to files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import ImageError, SegPerceptionError, UnknownEncodingError
from seg_perception.io.compressed import read_header


def decode_file(path: Path, flags: int) -> NDArray[Any] | None:
    """Pixels of an image file; None where it is missing, damaged, or declares an absurd size.

    Not by OpenCV's own reader, which decodes a JPEG or PNG file whatever its header declares.

    Args:
        path: of any coding that OpenCV knows.
        flags: of OpenCV's decoder.
    """
    data = read_bytes(path)
    return None if data is None else decode_bytes(data, flags, path.name)


def read_bytes(path: Path) -> bytes | None:
    """A file's bytes; None where it is missing or can't be read."""
    try:
        return path.read_bytes() if path.is_file() else None
    except OSError:
        return None


def decode_bytes(data: bytes, flags: int, name: str) -> NDArray[Any] | None:
    """Pixels of an image file's bytes, as `decode_file`.

    Args:
        data: the whole file.
        flags: of OpenCV's decoder.
        name: of the file.
    """
    file = np.frombuffer(data, np.uint8)
    try:
        read_header(file, name)
    except UnknownEncodingError:
        pass
    except ImageError:
        return None
    try:
        pixels: NDArray[Any] | None = cv2.imdecode(file, flags)
    except cv2.error:
        return None
    return pixels


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
