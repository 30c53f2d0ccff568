"""What annotators corrected comes back into the folder that training reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from seg_perception.active_learning.cvat import read_masks
from seg_perception.core.draft_folder import replace_files
from seg_perception.core.errors import DatasetError
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.folder import MASKS
from seg_perception.datasets.plain_folder import ONTOLOGY
from seg_perception.io.image_files import decode_file, encode_image


@dataclass(frozen=True)
class Correction:
    """One mask that was replaced.

    Attributes:
        name: of the frame.
        changed: share of its pixels that have another label now.
    """

    name: str
    changed: float


def take_corrections(folder: str | Path, archive: str | Path) -> list[Correction]:
    """Replace pre-labels by the masks of a zip that CVAT exported.

    Args:
        folder: as `mine` wrote it.
        archive: "Segmentation mask 1.1".

    Raises:
        ConfigError: the folder was not written by `mine`.
        DatasetError: a frame that the folder does not have, of another size, or with a class
            that its ontology lacks, or the disk refuses; nothing is replaced then.
    """
    folder = Path(folder)
    ontology = Ontology.load(folder / ONTOLOGY)
    masks = dict(read_masks(Path(archive), ontology))
    if not masks:
        msg = f"{archive}: holds no mask; export the task as Segmentation mask 1.1"
        raise DatasetError(msg)
    corrections = [
        Correction(name, _changed(folder / MASKS / f"{name}.png", mask))
        for name, mask in masks.items()
    ]
    files = ((f"{name}.png", encode_image(mask)) for name, mask in masks.items())
    replace_files(folder / MASKS, files, DatasetError)
    return corrections


def _changed(path: Path, mask: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> float:
    before = decode_file(path, cv2.IMREAD_UNCHANGED)
    if before is None:
        msg = f"{path} not found: the export is of another folder"
        raise DatasetError(msg)
    if before.shape != mask.shape:
        msg = f"{path}: expected a mask of {before.shape}, got {mask.shape}; export it at full size"
        raise DatasetError(msg)
    return float((before != mask).mean())
