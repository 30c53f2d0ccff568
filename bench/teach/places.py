"""Labelled places: pictures at a network's size, and truth in the ids of their own masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from seg_perception.core.ontology import Ontology
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.preprocessing import make_preprocessing

ROOT = Path(__file__).resolve().parents[2]
_VOID = 255


@dataclass(frozen=True, eq=False)
class Place:
    """Frames of a data set.

    Attributes:
        pictures: uint8 (h, w, 3) of the network's size.
        truths: uint8 (h, w), the masks' own ids, 255 where they say nothing.
        names: of an ontology's class by the masks' id: what an annotator answers. Masks' ids that
            the ontology does not tell apart (pedestrian, bicyclist) are one, the first of them.
        table: the masks' id of each class of the ontology; 254 where they know no such class.
    """

    pictures: Sequence[NDArray[np.uint8]]
    truths: Sequence[NDArray[np.uint8]]
    names: dict[int, str]
    table: NDArray[np.uint8]

    def iou(self, answers: Sequence[NDArray[Any]]) -> float:
        """Mean IoU over the masks' classes; labels uint8 (h, w) of the ontology."""
        return float(np.mean(list(self.class_iou(answers).values())))

    def class_iou(self, answers: Sequence[NDArray[Any]]) -> dict[int, float]:
        """IoU by the masks' ids, of those that masks or labels have."""
        ids = sorted(self.names)
        both = np.zeros(len(ids))
        either = np.zeros(len(ids))
        for truth, labels in zip(self.truths, answers, strict=True):
            said = np.where(truth == _VOID, _VOID, self.table[labels])
            for place, number in enumerate(ids):
                want, got = truth == number, said == number
                both[place] += (want & got).sum()
                either[place] += (want | got).sum()
        return {
            number: float(both[place] / either[place])
            for place, number in enumerate(ids)
            if either[place] > 0
        }

    def right(self, labels: NDArray[Any], frame: int) -> NDArray[np.bool_]:
        """Where labels say what the truth says, bool (h, w)."""
        right: NDArray[np.bool_] = self.table[labels] == self.truths[frame]
        return right

    def some(self, places: Sequence[int]) -> Place:
        """The same of some frames."""
        pictures = [self.pictures[n] for n in places]
        return Place(pictures, [self.truths[n] for n in places], self.names, self.table)


def read_place(folder: Path, mapping: Path, names: Sequence[str], bundle: Bundle) -> Place:
    """Images and masks of a folder.

    Args:
        folder: with `images` and `masks_src`.
        mapping: what the masks' ids may be in the bundle's ontology.
        names: of images, without suffix.
        bundle: whose size and ontology they are brought to.
    """
    size = bundle.width, bundle.height
    prepare = make_preprocessing(size, bundle.manifest.input.resize).prepare
    entries = yaml.safe_load(mapping.read_text(encoding="utf-8"))["classes"]
    known, same = _told_apart({int(n): e["as"] for n, e in entries.items() if e["as"]})
    pictures, truths = [], []
    for name in names:
        file = next(p for p in (folder / "images").glob(f"{name}.*"))
        image = cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB)
        mask = cv2.imread(str(folder / "masks_src" / f"{name}.png"), cv2.IMREAD_UNCHANGED)
        small = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST_EXACT)
        pictures.append(prepare(np.asarray(image, np.uint8)))
        truths.append(same[small])
    firsts = {number: names_[0] for number, names_ in known.items()}
    return Place(pictures, truths, firsts, _table(known, bundle.ontology))


def split_place(
    data: Path, name: str, part: str, count: int, bundle: Bundle, between: float = 0.0
) -> Place:
    """So many frames of a part of a data set, evenly.

    Args:
        data: its folder holds the data set's.
        name: of the data set, of its split and of its mapping.
        part: of the split.
        count: of frames.
        bundle: whose size and ontology they are brought to.
        between: shifts them by so much of their distance.
    """
    split = yaml.safe_load((ROOT / f"recipes/splits/{name}.yaml").read_text(encoding="utf-8"))
    names: Sequence[str] = split[part]
    evenly = np.linspace(0, len(names) - 1, min(count, len(names)))
    chosen = (evenly[: len(evenly) - bool(between)] + between * evenly[1]).round().astype(int)
    mapping = ROOT / f"config/training/mappings/{name}.yaml"
    return read_place(data / name, mapping, [names[int(n)] for n in chosen], bundle)


def _told_apart(
    entries: dict[int, list[str]],
) -> tuple[dict[int, list[str]], NDArray[np.uint8]]:
    """What each of the masks' ids may be, and the id that each of them counts as.

    Of two ids with a class in common, labels could only ever be right for one.
    """
    known: dict[int, list[str]] = {}
    same = np.full(256, _VOID, np.uint8)
    for number, names in entries.items():
        one = next((n for n, others in known.items() if set(others) & set(names)), number)
        known[one] = [*known.get(one, ()), *(n for n in names if n not in known.get(one, ()))]
        same[number] = one
    return known, same


def _table(known: dict[int, list[str]], ontology: Ontology) -> NDArray[np.uint8]:
    table = np.full(256, 254, np.uint8)
    for number, names in known.items():
        for name in names:
            if name in ontology.ids:
                table[ontology.ids[name]] = number
    return table
