"""Unpacks what others packed: nothing comes out beyond its bound, whatever a header declares.

A few kilobytes of zstd or bzip2 can hold gigabytes. Everything that is unpacked here comes out
in pieces and ends where its declared size, its growth, or the space for it ends.
"""

from __future__ import annotations

import bz2
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import lz4.frame  # type: ignore[import-untyped]

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_PIECE_BYTES = 1 << 20
# A block of lz4 makes at most 255 bytes of one.
_LZ4_GROWTH = 255
# What others on the machine need of a disk.
_SPARE_SHARE = 0.05


class UnpackError(Exception):
    """Packed bytes that are damaged, or hold more than they may."""


@dataclass(frozen=True)
class Bound:
    """How much may come out.

    Attributes:
        free_bytes: so much of anything, however small it came.
        growth: so many times the packed bytes.
        most_bytes: never more than this.
    """

    free_bytes: int
    growth: int
    most_bytes: int

    def of(self, packed_bytes: int) -> int:
        """The most that so many packed bytes may hold."""
        return min(self.most_bytes, max(self.free_bytes, self.growth * packed_bytes))


# Black images shrink to a thousandth and less, so that growth alone proves nothing: anything may
# have 256 MiB, two raw images of the largest sensors.
IN_MEMORY = Bound(free_bytes=256 << 20, growth=100, most_bytes=1 << 30)
ON_DISK = Bound(free_bytes=256 << 20, growth=100, most_bytes=1 << 50)


def unpack(compression: str, packed: bytes | memoryview, size: int | None = None) -> bytes:
    """Unpack one piece.

    Args:
        compression: `zstd`, `lz4` or `bz2`.
        packed: one whole frame or stream.
        size: what it has to hold (byte); None: whatever `IN_MEMORY` allows.

    Raises:
        UnpackError: damaged, of another size, or more than is allowed.
    """
    most = IN_MEMORY.of(len(packed))
    if size is not None and size > most:
        msg = f"it declares {size} bytes, expected at most {most} in {len(packed)}"
        raise UnpackError(msg)
    try:
        data = _take(compression, packed, most if size is None else size)
    except (zstd.ZstdError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise UnpackError(str(error) or "it is cut off") from error
    if size is not None and len(data) != size:
        msg = f"it holds {len(data)} bytes, expected {size}"
        raise UnpackError(msg)
    return data


def unpack_file(packed: Path, target: IO[bytes], folder: Path) -> None:
    """Unpack a zstd file into an open one.

    Args:
        packed: the file.
        target: where what is in it goes.
        folder: where `target` lies.

    Raises:
        UnpackError: damaged, more than `ON_DISK` allows, or more than the disk has room for.
        OSError: it can't be read or written.
    """
    disk = shutil.disk_usage(folder)
    room = disk.free - int(_SPARE_SHARE * disk.total)
    most = ON_DISK.of(packed.stat().st_size)
    size = 0
    try:
        with zstd.open(packed, "rb") as source:
            for piece in iter(partial(source.read, _PIECE_BYTES), b""):
                size += len(piece)
                _expect_room(size, most, room, folder)
                target.write(piece)
    except (zstd.ZstdError, EOFError) as error:
        raise UnpackError(str(error)) from error
    target.flush()


def _take(compression: str, packed: bytes | memoryview, most: int) -> bytes:
    decompressor = _DECOMPRESSORS[compression]()
    pieces: list[bytes] = []
    feed: bytes | memoryview = packed
    left = most
    while not decompressor.eof:
        # One byte more than is allowed, which tells what is too much from what just fits.
        asked = left + 1
        if compression == "lz4":  # it allocates what it is asked for
            asked = min(asked, _PIECE_BYTES + _LZ4_GROWTH * len(packed))
        piece = decompressor.decompress(feed, max_length=asked)
        feed = b""
        left -= len(piece)
        if left < 0:
            msg = f"it holds more than {most} bytes"
            raise UnpackError(msg)
        if not piece and not decompressor.eof:
            raise EOFError
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


_DECOMPRESSORS: dict[str, Callable[[], Any]] = {
    "zstd": zstd.ZstdDecompressor,
    "lz4": lz4.frame.LZ4FrameDecompressor,
    "bz2": bz2.BZ2Decompressor,
}


def _expect_room(size: int, most: int, room: int, folder: Path) -> None:
    if size > most:
        msg = f"it holds more than {most} bytes; if you trust it, unpack it by `unzstd`"
        raise UnpackError(msg)
    if size > room:
        msg = f"{folder} has no room for more than {room} bytes; set TMPDIR to a larger disk"
        raise UnpackError(msg)
