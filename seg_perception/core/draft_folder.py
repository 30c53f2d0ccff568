"""Folders that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from seg_perception.core.atomic_write import DRAFT, draft_name, write_file
from seg_perception.core.disk_errors import full_disk, unwritable
from seg_perception.core.errors import SegPerceptionError
from seg_perception.core.locks import Holder, is_at, lock


@contextmanager
def draft_folder(folder: Path, kind: type[SegPerceptionError]) -> Iterator[Path]:
    """A folder beside its place that takes its name when everything is in it.

    What a killed process left of the same one is removed.

    Args:
        folder: new or empty.
        kind: the error to raise.

    Raises:
        SegPerceptionError: of `kind`: it holds something, another process writes it, or the disk
            refuses; nothing of it is left then.
    """
    expect_new(folder, kind)
    with unwritable(folder, kind):
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft, descriptor = _claim(folder, kind)
    try:
        with full_disk(folder, kind):
            yield draft
        with unwritable(folder, kind):
            draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    finally:
        os.close(descriptor)


def replace_files(
    folder: Path, contents: Iterable[tuple[str, bytes]], kind: type[SegPerceptionError]
) -> None:
    """Replace files of a folder, all of them or none; they outlast a power cut.

    Args:
        folder: that holds them.
        contents: names and what they hold.
        kind: the error to raise.

    Raises:
        SegPerceptionError: of `kind`: another process does the same, or the disk refuses.
    """
    with unwritable(folder, kind):
        draft, descriptor = _claim(folder.resolve(), kind)
        try:
            names = []
            for name, content in contents:
                write_file(draft / name, content, kind, sync=True)
                names.append(name)
            for name in names:
                (draft / name).replace(folder / name)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
            os.close(descriptor)


def expect_new(folder: Path, kind: type[SegPerceptionError]) -> None:
    """Refuse a folder that holds something.

    Raises:
        SegPerceptionError: of `kind`: it does, it is a file, or it can't be looked into.
    """
    with unwritable(folder, kind):
        used = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    if used:
        msg = f"{folder} exists: expected a new folder; name another one or move it away"
        raise kind(msg)


def _claim(folder: Path, kind: type[SegPerceptionError]) -> tuple[Path, int]:
    """An empty draft and the descriptor that locks it.

    Raises:
        SegPerceptionError: of `kind`: another process has it.
    """
    draft = draft_name(folder)
    while True:
        descriptor = _open(draft)
        holder = lock(descriptor)
        if holder is Holder.US and is_at(descriptor, draft):
            _clear(draft)
            return draft, descriptor
        os.close(descriptor)
        if holder is Holder.OTHERS:
            msg = f"{folder}: another process is writing it; wait for its end, or name another one"
            raise kind(msg)
        if holder is Holder.NOBODY:
            with suppress(OSError):
                draft.rmdir()
            alone = folder.with_name(f".{secrets.token_hex(8)}{DRAFT}")
            return alone, _open(alone)


def _open(draft: Path) -> int:
    draft.mkdir(exist_ok=True)
    return os.open(draft, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)


def _clear(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
