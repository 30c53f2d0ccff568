"""Pictures that something is fitted on, and those that are held out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from seg_perception.core.errors import DatasetError
from seg_perception.datasets.splits import Split

_ENDINGS = (".png", ".jpg", ".jpeg")
# What is next to each other in a folder looks alike: it stays on one side.
_BLOCKS = 5


@dataclass(frozen=True)
class PictureFiles:
    """Files by their use.

    Attributes:
        fitted: what is learnt from.
        held_out: others, by the folder that they are from; none: see `blocks`.
    """

    fitted: tuple[Path, ...]
    held_out: tuple[tuple[Path, ...], ...] = ()

    @classmethod
    def find(
        cls, folders: Sequence[Path], held_out: Sequence[Path] = (), splits: Sequence[Path] = ()
    ) -> PictureFiles:
        """Look for pictures.

        Args:
            folders: with sub-folders; all that no split speaks of is learnt from.
            held_out: folders of others.
            splits: YAML files of `train` and `validation`, each of the folder that has its names.

        Raises:
            DatasetError: a folder without pictures, or a split that is none, or of none of them.
        """
        fitted: list[Path] = []
        kept: list[Sequence[Path]] = [_files(folder) for folder in held_out]
        left = {path: Split.load(path) for path in splits}
        for folder in folders:
            files = _files(folder)
            stems = {file.stem for file in files}
            path = next((p for p, s in left.items() if not stems.isdisjoint(s.train)), None)
            if path is None:
                fitted += files
                continue
            split = left.pop(path)
            fitted += [file for file in files if file.stem in split.train]
            kept.append([file for file in files if file.stem in split.validation])
        if left:
            msg = f"{next(iter(left))}: none of the folders has what it names; add its own"
            raise DatasetError(msg)
        return cls(tuple(fitted), tuple(tuple(files) for files in kept if files))


def blocks(count: int) -> Iterator[slice]:
    """Five stretches of so many pictures, each to be held out once."""
    for block in range(_BLOCKS):
        yield slice(count * block // _BLOCKS, count * (block + 1) // _BLOCKS)


def _files(folder: Path) -> list[Path]:
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in _ENDINGS)
    # Masks that lie beside images are none.
    images = folder / "images"
    found = [p for p in found if images in p.parents] or found
    if not found:
        msg = f"{folder}: expected a folder of PNG or JPEG pictures, found none"
        raise DatasetError(msg)
    return found
