"""Locks on files and folders, which the system frees with their process, however that ends."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

from seg_perception.core.errors import SegPerceptionError


class Holder(Enum):
    """Whose a lock is."""

    US = "us"
    OTHERS = "others"
    # Network file systems lock no folders, and some lock nothing.
    NOBODY = "nobody can lock here"


def lock(descriptor: int, *, wait: bool = False) -> Holder:
    """Take the lock of an open file or folder; it is freed when the descriptor is closed."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as error:
        return Holder.OTHERS if error.errno == errno.EWOULDBLOCK else Holder.NOBODY
    return Holder.US


def is_at(descriptor: int, path: Path) -> bool:
    """Whether what is open still has its name: it may have been renamed or removed meanwhile."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(descriptor))


@contextmanager
def working_in(folder: Path, kind: type[SegPerceptionError]) -> Iterator[None]:
    """Be the only process that works in a folder, as far as the file system can tell.

    Raises:
        SegPerceptionError: of `kind`: another one does.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if lock(descriptor) is Holder.OTHERS:
            msg = f"{folder}: another process works in it; wait for its end, or name another folder"
            raise kind(msg)
        yield
    finally:
        os.close(descriptor)
