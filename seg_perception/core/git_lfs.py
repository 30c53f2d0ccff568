"""Git LFS leaves a few lines of text in place of a file that it has not fetched."""

from __future__ import annotations

from pathlib import Path

_BEGINNING = b"version https://git-lfs.github.com/spec/"


def pointer_mend(path: Path) -> str:
    """What is wrong with a file that is a pointer only, and its mend; empty for any other.

    Raises:
        OSError: it can't be read.
    """
    with path.open("rb") as file:
        if file.read(len(_BEGINNING)) != _BEGINNING:
            return ""
    return (
        f"{path}: expected the file itself, got its Git LFS pointer; "
        "run `git lfs pull` in its repository, or download it anew"
    )
