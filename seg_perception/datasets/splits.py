"""The parts that data sets are divided into, by the names that people give them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from seg_perception.core.errors import DatasetError
from seg_perception.datasets.pairs import ImagePair

ALL = "all"
_NAMES = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}


def split_of(folder: str) -> str:
    """`train`, `val` or `test`, if that is what a folder's name says; else empty."""
    lowered = folder.lower()
    return next((split for split, names in _NAMES.items() if lowered in names), "")


def choose_split(
    pairs: Sequence[ImagePair], split: str, root: Path
) -> tuple[tuple[ImagePair, ...], str]:
    """The pairs of one split, and which it is.

    Args:
        pairs: of all splits, or of a layout that has none.
        split: as asked for; `all`: every pair; empty: `val` where there is one, else every pair.
        root: for the sentence.

    Raises:
        DatasetError: no pair is of that split.
    """
    known = list(dict.fromkeys(pair.split for pair in pairs if pair.split))
    wanted = split or ("val" if "val" in known else ALL)
    if wanted == ALL:
        return tuple(pairs), ""
    chosen = tuple(pair for pair in pairs if pair.split == (split_of(wanted) or wanted))
    if not chosen:
        msg = f"{root}: no images of split {split!r}: expected one of {[*known, ALL]}"
        raise DatasetError(msg)
    return chosen, chosen[0].split


def listed_names(files: Iterable[Path]) -> dict[str, str]:
    """The split of each name in lists such as `train.txt`, one name a line."""
    found: dict[str, str] = {}
    for path in files:
        split = split_of(path.stem)
        for line in path.read_text(encoding="utf-8").splitlines():
            if words := line.split():
                found.setdefault(Path(words[0]).stem, split)
    return found
