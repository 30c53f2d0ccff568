"""Folders for what is unpacked while a process needs it; those of killed processes are removed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from seg_perception.core.locks import Holder, is_at, lock

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def scratch_folder(use: str) -> Iterator[Path]:
    """A new folder among the system's temporary ones, removed at the end.

    Nothing runs in a process that is killed: whoever makes the next folder for the same use
    removes what nobody holds any more.

    Args:
        use: what for, in a word.

    Raises:
        OSError: there is no room for it.
    """
    prefix = f"seg-perception-{use}-"
    _sweep(Path(tempfile.gettempdir()), prefix)
    folder, descriptor = _make(prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _make(prefix: str) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix))
        with suppress(FileNotFoundError):  # somebody took it for a leftover
            descriptor = os.open(folder, _FLAGS)
            if lock(descriptor) is not Holder.OTHERS and is_at(descriptor, folder):
                return folder, descriptor
            os.close(descriptor)


def _sweep(place: Path, prefix: str) -> None:
    for folder in place.glob(f"{prefix}*"):
        with suppress(OSError):
            descriptor = os.open(folder, _FLAGS)
            ours = os.fstat(descriptor).st_uid == os.geteuid()
            if ours and lock(descriptor) is Holder.US and is_at(descriptor, folder):
                shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)
