"""Pascal VOC's folders, which CVAT's "Segmentation mask 1.1" and labelme's export have, too.

    JPEGImages/NAME.jpg   SegmentationClass/NAME.png   ImageSets/Segmentation/{train,val}.txt

Masks are PNGs whose palette places are ids (VOC, labelme), or colours with `labelmap.txt` (CVAT).
"""

from __future__ import annotations

import re
from pathlib import Path

from seg_perception.core.errors import DatasetError
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.color_table import ColorTable, find_color_table
from seg_perception.datasets.labelled_folder import LabelledFolder
from seg_perception.datasets.mask_folders import IMAGE_FOLDERS, IMAGE_SUFFIXES
from seg_perception.datasets.masks import MaskReader
from seg_perception.datasets.names_ontology import ontology_of
from seg_perception.datasets.pairs import ImagePair, expect_pairs
from seg_perception.datasets.splits import choose_split, listed_names

LAYOUT = "voc"
_MASKS = "SegmentationClass"
_LISTS = "ImageSets/Segmentation"
_NAMES = "class_names.txt"
# How VOC itself names its images since 2007; others that copy its folders do not.
_VOC_NAME = re.compile(r"20\d\d_\d{6}$")


def is_voc(root: Path) -> bool:
    """Whether a folder has VOC's masks."""
    return (root / _MASKS).is_dir()


def open_voc(root: Path, split: str = "") -> LabelledFolder:
    """The images that have a mask of classes.

    Raises:
        DatasetError: there are none, or the table of colours can't be understood.
    """
    images = {
        path.stem: path
        for folder in (*IMAGE_FOLDERS, ".")
        for path in sorted((root / folder).glob("*"))
        if path.suffix.lower() in IMAGE_SUFFIXES
    }
    lists = sorted((root / _LISTS).glob("*.txt"), key=lambda path: path.stem == "trainval")
    splits = listed_names(lists)
    masks = {path.stem: path for path in sorted((root / _MASKS).glob("*.png"))}
    pairs = [
        ImagePair(images[name], mask, "", name, split=splits.get(name, ""))
        for name, mask in masks.items()
        if name in images
    ]
    alone = [name for name in masks if name not in images]
    notes = (f"{len(alone)} masks left out, no image: {alone[0]}",) if alone else ()
    chosen, taken = choose_split(pairs, split, root)
    colors = find_color_table(root)
    return LabelledFolder(
        root,
        LAYOUT,
        f"JPEGImages/ with {_MASKS}/" + (f", split {taken}" if taken else ""),
        expect_pairs(chosen, root, f"JPEGImages/NAME.jpg with {_MASKS}/NAME.png"),
        MaskReader(colors),
        _ontology(root, colors, masks),
        notes,
    )


def _ontology(root: Path, colors: ColorTable | None, masks: dict[str, Path]) -> Ontology | None:
    if colors is not None:
        return colors.ontology(root.resolve().name)
    path = root / _NAMES
    if path.is_file():
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        if not any(lines):
            msg = f"{path}: expected a class name in each line, got none"
            raise DatasetError(msg)
        names = dict(enumerate(filter(None, lines)))
        return ontology_of(names, root.resolve().name, f"the lines of {_NAMES}")
    if masks and all(_VOC_NAME.match(name) for name in masks):
        return Ontology.load("voc")
    return None
