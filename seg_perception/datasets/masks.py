"""Masks as people save them: class ids, ids behind a palette, or colours.

A PNG with a palette holds ids: OpenCV shows its colours, so the file is read as the grey one that
has the same bytes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import DatasetError
from seg_perception.datasets.color_table import ColorTable
from seg_perception.datasets.pairs import ImagePair
from seg_perception.io.image_files import decode_bytes, decode_file, read_bytes

Ids = NDArray[np.uint8] | NDArray[np.uint16]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PALETTE, _GREY = 3, 0
_TYPE_BYTE = 9  # of a header's data, after width, height and depth
_DEPTH_BYTE = 8
_LEFT_OUT = (b"PLTE", b"tRNS", b"bKGD", b"hIST", b"sPLT")


@dataclass(frozen=True)
class MaskReader:
    """Reads masks of ids.

    Attributes:
        colors: what colours mean, where masks may hold them; None where nobody knows.
    """

    colors: ColorTable | None = None

    @property
    def description(self) -> str:
        """Where the ids come from."""
        if self.colors is None:
            return "ids are the pixels of the masks"
        return f"ids are the pixels of the masks, colours as in {self.colors.origin}"

    def read(self, pair: ImagePair) -> Ids:
        """The ids of a pair's mask, uint8 or uint16 (H, W).

        Raises:
            DatasetError: it can't be decoded, or holds colours that mean nothing.
        """
        return read_ids(pair.labels, self.colors)


def read_ids(path: Path, colors: ColorTable | None = None) -> Ids:
    """The class ids of a mask, uint8 or uint16 (H, W).

    Args:
        path: of the mask.
        colors: what its colours mean, if it has some.

    Raises:
        DatasetError: it can't be decoded, or holds colours that mean nothing.
    """
    pixels = None if colors is not None and colors.palettes else _palette_ids(path)
    if pixels is None:
        pixels = _decoded(path, lambda: decode_file(path, cv2.IMREAD_UNCHANGED))
    if pixels.ndim == 2 and pixels.dtype in (np.uint8, np.uint16):
        return pixels
    if pixels.ndim != 3 or pixels.dtype != np.uint8:
        msg = (
            f"{path}: expected ids of 8 or 16 bits, got {pixels.dtype} {pixels.shape}: "
            "save class ids"
        )
        raise DatasetError(msg)
    bgr = pixels[..., :3]
    if colors is not None:
        return colors.ids_of(bgr[..., ::-1], path)
    if (bgr == bgr[..., :1]).all():  # grey that was saved as colours
        return np.ascontiguousarray(bgr[..., 0])
    msg = (
        f"{path}: holds colours, and nothing says which class each is: put a labelmap.txt with "
        "lines such as `grass:0,128,0::` beside the folders, name an ontology of these colours "
        "(--truth-ontology), or save class ids, not colours"
    )
    raise DatasetError(msg)


def _decoded(path: Path, decode: Callable[[], NDArray[Any] | None]) -> NDArray[Any]:
    pixels = decode()
    if pixels is None:
        msg = f"{path}: can't be decoded as an image: replace the file or take it out of the split"
        raise DatasetError(msg)
    return pixels


def _palette_ids(path: Path) -> NDArray[Any] | None:
    """uint8 (H, W), places in the palette of a PNG; None where it has none."""
    data = read_bytes(path)
    if data is None or not data.startswith(_SIGNATURE):
        return None
    chunks = _chunks(data)
    if not chunks or chunks[0][0] != b"IHDR" or chunks[0][1][_TYPE_BYTE] != _PALETTE:
        return None
    depth = chunks[0][1][_DEPTH_BYTE]
    grey = _decoded(path, lambda: decode_bytes(_as_grey(chunks), cv2.IMREAD_UNCHANGED, path.name))
    # A decoder stretches few bits over a byte's range.
    return np.asarray(grey // (255 // ((1 << depth) - 1)), np.uint8) if depth < 8 else grey


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Names and data of a PNG's chunks, as far as they are whole."""
    found, at = [], len(_SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found if found and len(found[0][1]) > _TYPE_BYTE else []


def _as_grey(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """The same file without its palette: the numbers are pixels then."""
    header = bytearray(chunks[0][1])
    header[_TYPE_BYTE] = _GREY
    kept = [(name, data) for name, data in chunks[1:] if name not in _LEFT_OUT]
    parts = [_SIGNATURE]
    for name, data in [(b"IHDR", bytes(header)), *kept]:
        check = struct.pack(">I", zlib.crc32(name + data))
        parts.append(struct.pack(">I", len(data)) + name + data + check)
    return b"".join(parts)
