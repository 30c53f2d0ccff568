"""Unpacks a zipped model bundle, which may come from anywhere."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path, PurePosixPath

from seg_perception.core.errors import BundleError
from seg_perception.io.bounded import Bound
from seg_perception.io.bounded_zip import ZIP_DAMAGE, copy_member, members_within

MAX_FILES = 1000
# Weights hardly compress; a zip that grows more than this is not a bundle.
BOUND = Bound(free_bytes=64 << 20, growth=20, most_bytes=1 << 40)


def unpack(archive: Path, target: Path) -> Path:
    """Unpack a zip into an empty folder.

    Returns:
        The folder that holds the manifest: `target`, or the one folder in it.

    Raises:
        BundleError: not a zip, damaged, too large, or with a path that leads outside.
    """
    try:
        with zipfile.ZipFile(archive) as bundle:
            members = members_within(bundle, archive, BOUND)
            _expect_few(archive, members)
            for member in members:
                _unpack_one(archive, bundle, member, target)
    except ZIP_DAMAGE as error:
        msg = f"{archive} is not a readable zip ({error}); copy or download it again"
        raise BundleError(msg) from error
    except OSError as error:
        msg = f"{archive} can't be unpacked into {target} ({error}); unpack it where there is space"
        raise BundleError(msg) from error
    return _root(target)


def _expect_few(archive: Path, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_FILES:
        msg = (
            f"{archive}: expected at most {MAX_FILES} files, got {len(members)}; "
            "this is not a model bundle"
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
    with file.open("wb") as sink:
        copy_member(bundle, member, sink)


def _root(target: Path) -> Path:
    entries = list(target.iterdir())
    if len(entries) == 1 and entries[0].is_dir():
        return entries[0]
    return target
