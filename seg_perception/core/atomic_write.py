"""Files that are there whole or not at all: every file of the project is written here.

A draft in the same folder takes the file's name when everything is in it, so that a full disk, a
signal or a crash leaves what was there before. Exempt is what is read while it grows: recordings,
logs, lists of frames in a folder that is a draft itself.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from seg_perception.core.disk_errors import unwritable
from seg_perception.core.errors import SegPerceptionError
from seg_perception.core.locks import Holder, is_at, lock

DRAFT = ".draft"
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
# With point and ending a draft's name stays below 255 bytes.
_LONGEST = 200


def write_file(
    path: Path,
    content: str | bytes | memoryview,
    kind: type[SegPerceptionError],
    *,
    sync: bool = False,
    mend: str = "",
) -> None:
    """Write a file, and its folder where that is missing; text as UTF-8.

    Args:
        path: of the file; one that is there is replaced, with its permissions.
        content: all of it.
        kind: the error to raise.
        sync: outlast a power cut, for what can't be made again.
        mend: what the error tells to do, instead of what the system's reason suggests.

    Raises:
        SegPerceptionError: of `kind`: the disk refuses; what was there is unchanged.
    """
    # Names of files, which a text may have in it, need not be text.
    data = content.encode(errors="backslashreplace") if isinstance(content, str) else content
    with draft_file(path, kind, sync=sync, mend=mend) as draft, draft.open("wb") as stream:
        stream.write(data)


@contextmanager
def draft_file(
    path: Path, kind: type[SegPerceptionError], *, sync: bool = False, mend: str = ""
) -> Iterator[Path]:
    """A draft to be written under the name that is given; at the end it takes the file's place.

    Args:
        path, kind, sync, mend: as in `write_file`.

    Raises:
        SegPerceptionError: of `kind`: as `write_file`.
    """
    with unwritable(path, kind, mend):
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file():
            yield target  # a device or a pipe, which nothing may replace
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        draft, descriptor = _open(draft_name(target))
        try:
            yield draft
            _finish(draft, target, sync=sync)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)


def remove_drafts(folder: Path) -> int:
    """Remove drafts of files that killed processes left in a folder; tells how many."""
    return sum(_remove_if_left(draft) for draft in folder.glob(f".*{DRAFT}"))


def draft_name(path: Path) -> Path:
    """What a file or folder is called while it is written: hidden, and in the same folder."""
    encoded = os.fsencode(path.name)
    stem = path.name if len(encoded) <= _LONGEST else sha256(encoded).hexdigest()
    return path.with_name(f".{stem}{DRAFT}")


def _open(draft: Path) -> tuple[Path, int]:
    """Open an empty draft that nobody else writes; one that a killed process left is reused."""
    while True:
        descriptor = os.open(draft, _FLAGS, 0o666)
        holder = lock(descriptor, wait=True)
        found = os.fstat(descriptor)
        if is_at(descriptor, draft):
            if stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and holder is Holder.US:
                os.ftruncate(descriptor, 0)
                return draft, descriptor
            # Somebody's other file under our draft's name, or one that can't be locked.
            draft.unlink(missing_ok=True)
        os.close(descriptor)
        if holder is Holder.NOBODY:
            alone = draft.with_name(f".{secrets.token_hex(8)}{DRAFT}")
            return alone, os.open(alone, _FLAGS | os.O_EXCL, 0o666)


def _remove_if_left(draft: Path) -> bool:
    with suppress(OSError):
        descriptor = os.open(draft, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if lock(descriptor) is Holder.US and is_at(descriptor, draft):
                draft.unlink()
                return True
        finally:
            os.close(descriptor)
    return False


def _finish(draft: Path, target: Path, *, sync: bool) -> None:
    if target.exists():
        draft.chmod(stat.S_IMODE(target.stat().st_mode))
    if sync:
        _sync(draft)
    draft.replace(target)
    if sync:
        _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
