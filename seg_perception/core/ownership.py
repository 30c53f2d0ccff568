"""Whether a file can be believed to be our own: nobody else could have written or planted it."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def stranger(found: os.stat_result) -> str:
    """Who else may have written what lies there; empty where nobody but us and root could."""
    if found.st_uid not in {os.geteuid(), 0}:
        return f"it belongs to user {found.st_uid}, expected {os.geteuid()}"
    if found.st_mode & stat.S_IWOTH:
        return "everybody may write to it"
    if found.st_mode & stat.S_IWGRP and found.st_gid not in {os.getegid(), 0}:
        return f"group {found.st_gid} may write to it"
    return ""


def expect_own_folder(folder: Path) -> None:
    """Refuse a folder into which somebody else may have put something.

    Raises:
        PermissionError: it is one; says who.
        OSError: it can't be looked at.
    """
    if reason := stranger(folder.stat()):
        raise PermissionError(errno.EPERM, reason, str(folder))


def open_own(file: Path, flags: int = os.O_RDONLY, mode: int = 0o644) -> int:
    """Open a plain file of our own, and no link.

    Args:
        file: its path.
        flags, mode: as of `os.open`.

    Returns:
        The descriptor.

    Raises:
        PermissionError: it is a link or no plain file, or somebody else may have written it.
        OSError: it can't be opened.
    """
    if file.is_symlink():
        raise PermissionError(errno.EPERM, "it is a link", str(file))
    # A pipe under its name must not hold us up.
    descriptor = os.open(file, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, mode)
    found = os.fstat(descriptor)
    plain = stat.S_ISREG(found.st_mode) and found.st_nlink == 1
    reason = stranger(found) if plain else "it is no plain file, or has a second name"
    if reason:
        os.close(descriptor)
        raise PermissionError(errno.EPERM, reason, str(file))
    return descriptor


def read_own(file: Path) -> bytes:
    """What a file of our own holds.

    Raises:
        OSError: as `open_own`.
    """
    with os.fdopen(open_own(file), "rb") as stream:
        return stream.read()
