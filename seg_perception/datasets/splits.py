"""The parts that data sets are divided into, by the names that people give them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from seg_perception.core.errors import DatasetError
from seg_perception.core.validation import load_model
from seg_perception.datasets.pairs import ImagePair

ALL = "all"
_NAMES = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}


class Split(BaseModel):
    """Which images of a data set are learnt from, and which are held out.

    Attributes:
        train: names of images.
        validation: others; none: nothing is measured.
    """

    model_config = ConfigDict(frozen=True)

    train: tuple[str, ...] = Field(min_length=1)
    validation: tuple[str, ...] = ()

    @classmethod
    def load(cls, path: Path) -> Split:
        """Read a split from YAML.

        Raises:
            DatasetError: no such file, or it holds no lists of names.
        """
        expected = "a YAML file of two lists of images' names, `train` and `validation`"
        return load_model(cls, path, expected, DatasetError)


def is_file(split: str) -> bool:
    """Whether a split is named by its file, not by its name."""
    return Path(split).suffix in (".yaml", ".yml")


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
