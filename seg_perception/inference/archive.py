"""Unpacks a zipped model bundle, which may come from anywhere."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from seg_perception.core.errors import BundleError

MAX_FILES = 1000
# Weights hardly compress; a zip that grows more than this is not a bundle.
MAX_GROWTH = 20
FREE_BYTES = 64 * 2**20

# What zipfile lets through when it reads damaged bytes.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    IndexError,  # zipfile asks a nameless member whether it is a folder
)


def unpack(archive: Path, target: Path) -> Path:
    """Unpack a zip into an empty folder.

    Returns:
        The folder that holds the manifest: `target`, or the one folder in it.

    Raises:
        BundleError: not a zip, damaged, too large, or with a path that leads outside.
    """
    try:
        with zipfile.ZipFile(archive) as bundle:
            members = [member for member in bundle.infolist() if not member.is_dir()]
            _expect_bounded(archive, members)
            for member in members:
                _unpack_one(archive, bundle, member, target)
    except _DAMAGE as error:
        msg = f"{archive} is not a readable zip ({error}); copy or download it again"
        raise BundleError(msg) from error
    except OSError as error:
        msg = f"{archive} can't be unpacked into {target} ({error}); unpack it where there is space"
        raise BundleError(msg) from error
    return _root(target)


def _expect_bounded(archive: Path, members: list[zipfile.ZipInfo]) -> None:
    limit = FREE_BYTES + MAX_GROWTH * archive.stat().st_size
    size = sum(member.file_size for member in members)
    if len(members) > MAX_FILES or size > limit:
        msg = (
            f"{archive}: expected at most {MAX_FILES} files and {limit} bytes unpacked, "
            f"got {len(members)} files and {size} bytes; this is not a model bundle"
        )
        raise BundleError(msg)


def _unpack_one(
    archive: Path, bundle: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path
) -> None:
    path = PurePosixPath(member.filename)
    is_link = stat.S_ISLNK(member.external_attr >> 16)
    if (
        path.is_absolute()
        or ".." in path.parts
        or "\\" in member.filename
        or ":" in member.filename
        or is_link
    ):
        msg = f"{archive}: {member.filename!r} leads outside the bundle; zip the plain folder again"
        raise BundleError(msg)
    file = target / path
    file.parent.mkdir(parents=True, exist_ok=True)
    with bundle.open(member) as source, file.open("wb") as sink:
        shutil.copyfileobj(source, sink)


def _root(target: Path) -> Path:
    entries = list(target.iterdir())
    if len(entries) == 1 and entries[0].is_dir():
        return entries[0]
    return target
