"""A folder of images and masks that follows no data set's rules."""

from __future__ import annotations

from pathlib import Path

from seg_perception.core.errors import DatasetError
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.color_table import ColorTable, find_color_table
from seg_perception.datasets.labelled_folder import LabelledFolder
from seg_perception.datasets.mask_folders import (
    IMAGE_FOLDERS,
    MASK_FOLDERS,
    match_beside,
    match_folders,
)
from seg_perception.datasets.masks import MaskReader
from seg_perception.datasets.pairs import expect_pairs
from seg_perception.datasets.splits import choose_split

LAYOUT = "folder"
ONTOLOGY = "ontology.yaml"


def open_plain(root: Path, split: str = "") -> LabelledFolder:
    """Images and masks in two folders, or beside each other.

    Raises:
        DatasetError: there are none, or what lies beside them can't be understood.
    """
    found = match_folders(root) or match_beside(root)
    if found is None:
        msg = (
            f"{root}: no images with masks: expected one of {', '.join(IMAGE_FOLDERS[:3])}, ... "
            f"with one of {', '.join(MASK_FOLDERS[:5])}, ..., or masks beside the images; or a "
            "data set of Cityscapes, VOC, COCO, YOLO, CVAT, GOOSE or RELLIS as it unpacks"
        )
        raise DatasetError(msg)
    chosen, taken = choose_split(found.pairs, split, root)
    ontology, colors = own_classes(root)
    return LabelledFolder(
        root,
        LAYOUT,
        found.taken + (f", split {taken}" if taken else ""),
        expect_pairs(chosen, root, found.taken),
        MaskReader(colors),
        ontology,
        found.notes,
    )


def own_classes(root: Path) -> tuple[Ontology | None, ColorTable | None]:
    """What a folder says of its classes and colours, by `ontology.yaml` or a table of colours.

    Raises:
        ConfigError, DatasetError: it can't be understood.
    """
    path = root / ONTOLOGY
    if path.is_file():
        ontology = Ontology.load(path)
        return ontology, ColorTable.of(ontology, ONTOLOGY)
    colors = find_color_table(root)
    return (None, None) if colors is None else (colors.ontology(root.resolve().name), colors)
