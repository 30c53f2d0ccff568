"""Reads zips that come from anywhere: no file in them is larger than a bound allows."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import IO

from seg_perception.io.bounded import Bound, UnpackError

# What zipfile lets through when it reads damaged bytes.
ZIP_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    IndexError,  # zipfile asks a nameless member whether it is a folder
    UnpackError,
)
# zipfile unpacks these piece by piece; of bzip2 and LZMA it unpacks whatever comes out.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_PIECE_BYTES = 1 << 20


def members_within(archive: zipfile.ZipFile, path: Path, bound: Bound) -> list[zipfile.ZipInfo]:
    """The files of a zip, once it is known that they may be unpacked.

    Raises:
        UnpackError: they declare more than the bound allows, or are packed in an unusual way.
    """
    members = [member for member in archive.infolist() if not member.is_dir()]
    most = bound.of(path.stat().st_size)
    size = sum(member.file_size for member in members)
    if size > most:
        msg = f"expected at most {most} bytes unpacked, got {size} in {len(members)} files"
        raise UnpackError(msg)
    for member in members:
        if member.compress_type not in _METHODS:
            msg = f"{member.filename}: expected it stored or deflated; zip it with usual options"
            raise UnpackError(msg)
    return members


def copy_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: IO[bytes]) -> None:
    """Unpack a file, in pieces: asked for all at once, zipfile unpacks more than is declared."""
    with archive.open(member) as source:
        shutil.copyfileobj(source, target, _PIECE_BYTES)


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """The bytes of a file, as `copy_member` unpacks them."""
    buffer = BytesIO()
    copy_member(archive, member, buffer)
    return buffer.getvalue()
