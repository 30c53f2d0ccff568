"""What the system says of files, as a sentence with its mend."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seg_perception.core.errors import SegPerceptionError

_MENDS = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space, the user's quota is used up",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f)",
    errno.EACCES: "check the permissions",
    errno.EPERM: "check the permissions",
    errno.EROFS: "name a place on a disk that can be written to",
    errno.ENAMETOOLONG: "choose a shorter name, one part of a path has 255 bytes at most",
    errno.ENOENT: "check the path",
    errno.ENOTDIR: "check the path, a part of it is a file",
    errno.EEXIST: "check the path, a part of it is a file",
    errno.ENOTEMPTY: "name another folder, this one is in use",
    errno.EISDIR: "name a file, this is a folder",
    errno.ELOOP: "check its links, they lead nowhere",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.EIO: "check the disk, it fails",
}
# What only a disk says, whatever is done with it.
OF_DISKS = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO))


def cant(what: str, path: object, error: OSError, mend: str = "") -> str:
    """`PATH: can't be WHAT (REASON); MEND`.

    Args:
        what: the participle, such as `written`.
        path: of the file or folder.
        error: what the system says.
        mend: instead of the one that belongs to the reason.
    """
    reason = error.strerror or str(error)
    return f"{path}: can't be {what} ({reason}); {mend or mend_of(error)}"


def mend_of(error: OSError) -> str:
    """How to mend what the system says."""
    return _MENDS.get(error.errno or 0, "check the path and the disk")


@contextmanager
def unwritable(
    path: str | os.PathLike[str], kind: type[SegPerceptionError], mend: str = ""
) -> Iterator[None]:
    """Turn a write that the system refuses into a sentence.

    Raises:
        SegPerceptionError: of `kind`.
    """
    try:
        yield
    except OSError as error:
        raise kind(cant("written", path, error, mend)) from error


@contextmanager
def full_disk(path: str | os.PathLike[str], kind: type[SegPerceptionError]) -> Iterator[None]:
    """Turn a disk's refusal into a sentence; other errors, of files that are read, pass through.

    Raises:
        SegPerceptionError: of `kind`.
    """
    try:
        yield
    except OSError as error:
        if error.errno in OF_DISKS:
            raise kind(cant("written", path, error)) from error
        raise


def expect_readable(folder: Path, kind: type[SegPerceptionError]) -> None:
    """Look into every folder below one: a search by pattern passes over what it may not read.

    Raises:
        SegPerceptionError: of `kind`; a folder can't be read.
    """

    def refuse(error: OSError) -> None:
        raise kind(cant("read", error.filename, error)) from error

    for _ in os.walk(folder, onerror=refuse):
        pass
