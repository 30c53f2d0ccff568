"""Pre-labels as COCO annotations: one mask for each class of an image."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import DatasetError
from seg_perception.core.ontology import Ontology


class CocoFile:
    """Collects images and writes one JSON file (cocodataset.org, Data format).

    Categories count from 1: some readers take 0 for the background.
    """

    def __init__(self, ontology: Ontology) -> None:
        """Start without images."""
        self._ontology = ontology
        self._images: list[dict[str, Any]] = []
        self._annotations: list[dict[str, Any]] = []

    def add(self, file_name: str, labels: NDArray[Any]) -> None:
        """Add an image's labels: uint8 or uint16 (H, W)."""
        height, width = labels.shape
        number = len(self._images) + 1
        image = {"id": number, "file_name": file_name, "width": width, "height": height}
        self._images.append(image)
        for entry in self._ontology.classes:
            mask = labels == entry.id
            if mask.any():
                self._annotate(number, entry.id, mask)

    def write(self, path: Path) -> None:
        """Write the file."""
        categories = [
            {"id": c.id + 1, "name": c.name, "supercategory": ""} for c in self._ontology.classes
        ]
        document = {
            "info": {"description": f"pre-labels, ontology {self._ontology.name}"},
            "images": self._images,
            "annotations": self._annotations,
            "categories": categories,
        }
        write_file(path, json.dumps(document), DatasetError)

    def _annotate(self, image: int, class_id: int, mask: NDArray[np.bool_]) -> None:
        annotation = {
            "id": len(self._annotations) + 1,
            "image_id": image,
            "category_id": class_id + 1,
            "segmentation": encode_runs(mask),
            "area": int(mask.sum()),
            "bbox": bounding_box(mask),
            "iscrowd": 0,
        }
        self._annotations.append(annotation)


def encode_runs(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """COCO's uncompressed run lengths: column by column, beginning with zeros.

    Args:
        mask: bool (H, W).

    Returns:
        `size` [H, W], and `counts`: lengths of runs of 0, 1, 0, ...
    """
    flat = mask.T.reshape(-1)
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    lengths = np.diff(np.concatenate([[0], changes, [flat.size]])).tolist()
    return {"size": list(mask.shape), "counts": [0, *lengths] if flat[0] else lengths}


def bounding_box(mask: NDArray[np.bool_]) -> list[int]:
    """Column, row, width and height (pixel) of what is set in a mask, bool (H, W).

    Of an empty mask four zeros.
    """
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if columns.size == 0:
        return [0, 0, 0, 0]
    left, top = int(columns[0]), int(rows[0])
    return [left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1]
