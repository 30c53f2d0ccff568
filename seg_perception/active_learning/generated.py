"""Pictures that a generator made: those that are no copies, as a folder that training reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.active_learning.folder import LabellingFolder
from seg_perception.core.atomic_write import write_file
from seg_perception.core.draft_folder import draft_folder
from seg_perception.core.errors import DatasetError
from seg_perception.core.json_document import dump_json
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.copies import KnownPictures, picture_print
from seg_perception.datasets.folder import read_image
from seg_perception.datasets.labelled_folder import LabelledFolder
from seg_perception.datasets.layouts import open_folder
from seg_perception.datasets.pairs import ImagePair

GENERATED = "generated.json"


@dataclass(frozen=True)
class LeftOut:
    """A picture that is not taken.

    Attributes:
        name: of it.
        why: what it is a copy of, or what is wrong with its mask.
    """

    name: str
    why: str


@dataclass(frozen=True)
class GeneratedSummary:
    """What became of a generator's pictures.

    Attributes:
        source, output: folders.
        taken: how many were taken.
        left_out: the others.
        pixels: share of the taken pixels by class.
    """

    source: str
    output: str
    taken: int
    left_out: tuple[LeftOut, ...]
    pixels: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)


def take_generated(source: Path, output: Path, held_out: Sequence[Path]) -> GeneratedSummary:
    """Copy the pictures of a generator that are worth training on.

    Left out are copies and mirror images of each other and of held-out pictures (a generator
    that saw these gives them back, and a score on them would praise it), and masks of another
    size or with ids that the folder's ontology lacks.

    Args:
        source: labelled folder of any generator, in any layout that names its classes.
        output: a new folder.
        held_out: labelled folders whose pictures must not come back.

    Raises:
        DatasetError: a folder can't be read, names no classes, or nothing is left.
    """
    folder = open_folder(source)
    space = _classes(folder)
    leaks, own = _known(held_out), KnownPictures()
    left_out: list[LeftOut] = []
    pixels, taken = np.zeros(256, np.int64), 0
    with draft_folder(output, DatasetError) as draft:
        with LabellingFolder(draft, space) as copied:
            for pair in folder.pairs:
                image, mask = read_image(pair.image), folder.read(pair)
                found = picture_print(image)
                why = _wrong_mask(mask, image, space) or _copy_of(leaks.same_as(found), "held out")
                why = why or _copy_of(own.same_as(found), "of this folder")
                if why:
                    left_out.append(LeftOut(_name(pair), why))
                    continue
                own.add(_name(pair), found)
                copied.add(_name(pair), image, mask.astype(np.uint8))
                pixels += np.bincount(mask.reshape(-1), minlength=256)
                taken += 1
        if not taken:
            msg = f"{source}: no picture is left; {left_out[0].name}: {left_out[0].why}"
            raise DatasetError(msg)
        shares = {n: float(pixels[i] / pixels.sum()) for n, i in space.ids.items() if pixels[i]}
        summary = GeneratedSummary(str(source), str(output), taken, tuple(left_out), shares)
        write_file(draft / GENERATED, dump_json(summary.to_json()), DatasetError)
    return summary


def _known(folders: Sequence[Path]) -> KnownPictures:
    known = KnownPictures()
    for root in folders:
        for pair in open_folder(root).pairs:
            known.add(f"{root.name}/{_name(pair)}", picture_print(read_image(pair.image)))
    return known


def _copy_of(name: str, which: str) -> str:
    return f"the same as {name}, {which}" if name else ""


def _wrong_mask(mask: NDArray[Any], image: NDArray[np.uint8], space: Ontology) -> str:
    if mask.shape != image.shape[:2]:
        sizes = ["x".join(map(str, some.shape[1::-1])) for some in (mask, image)]
        return f"its mask has {sizes[0]} pixels, the picture {sizes[1]}"
    known = {*space.names, space.unknown_id}
    unknown = [n for n in np.unique(mask).tolist() if n not in known]
    return f"its mask has ids {unknown[:8]} that the ontology lacks" if unknown else ""


def _classes(folder: LabelledFolder) -> Ontology:
    if folder.ontology is None:
        msg = f"{folder.root}: names no classes; put an ontology.yaml with their ids beside them"
        raise DatasetError(msg)
    return folder.ontology


def _name(pair: ImagePair) -> str:
    return pair.key.replace("/", "__")
