"""YOLO's outlines: `labels/SPLIT/NAME.txt` with `class x1 y1 x2 y2 ...` in shares of the image.

The names of classes stand in `data.yaml` (Ultralytics). Folders come as `images/SPLIT` with
`labels/SPLIT`, or as `SPLIT/images` with `SPLIT/labels`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.disk_errors import cant
from seg_perception.core.errors import DatasetError
from seg_perception.core.validation import read_yaml
from seg_perception.datasets.folder import read_image
from seg_perception.datasets.labelled_folder import LabelledFolder
from seg_perception.datasets.mask_folders import IMAGE_SUFFIXES
from seg_perception.datasets.masks import Ids
from seg_perception.datasets.names_ontology import ontology_of
from seg_perception.datasets.pairs import ImagePair, expect_pairs
from seg_perception.datasets.shapes import Shape, draw_shapes
from seg_perception.datasets.splits import choose_split, split_of

LAYOUT = "yolo"
_BOX = 4  # numbers after the class


@dataclass(frozen=True)
class YoloReader:
    """Draws the outlines of a text file.

    Attributes:
        names: of the classes, by id.
        origin: the file that has the names.
    """

    names: Mapping[int, str]
    origin: str

    @property
    def description(self) -> str:
        """Where the ids come from."""
        return f"ids are YOLO's classes of {self.origin}; pixels outside of outlines have no truth"

    def read(self, pair: ImagePair) -> Ids:
        """The ids of a pair's pixels, uint8 or uint16 (H, W).

        Raises:
            DatasetError: lines that are no outlines, or a class without a name.
        """
        size = read_image(pair.image).shape[:2]
        scale = np.array([size[1], size[0]], np.float64)
        lines = _read(pair.labels).splitlines()
        shapes = [
            self._shape(line, scale, f"{pair.labels}, line {number}")
            for number, line in enumerate(lines, start=1)
            if line.strip()
        ]
        ids: Ids = draw_shapes(shapes, (size[0], size[1]), max(self.names) + 1)
        return ids

    def _shape(self, line: str, scale: NDArray[np.float64], where: str) -> Shape:
        try:
            values = [float(word) for word in line.split()]
        except ValueError as error:
            msg = f"{where}: expected numbers, got {line[:40]!r}: export the labels again"
            raise DatasetError(msg) from error
        if len(values) == 1 + _BOX:
            msg = (
                f"{where}: a box, and pixels are asked for: export outlines (YOLO segmentation), "
                "not detections"
            )
            raise DatasetError(msg)
        if len(values) < 7 or len(values) % 2 == 0 or not np.isfinite(values).all():
            msg = f"{where}: expected a class and three or more corners, got {len(values)} numbers"
            raise DatasetError(msg)
        number = int(values[0])
        if number not in self.names:
            msg = f"{where}: class {number} has no name in {self.origin}: add it to names"
            raise DatasetError(msg)
        corners = np.array(values[1:], np.float64).reshape(-1, 2) * scale
        return Shape(number, outlines=(corners,))


def is_yolo(root: Path) -> bool:
    """Whether a folder has YOLO's text files."""
    return any(
        path.name not in ("classes.txt", "README.txt")
        for pattern in ("labels/*.txt", "labels/*/*.txt", "*/labels/*.txt")
        for path in root.glob(pattern)
    )


def open_yolo(root: Path, split: str = "") -> LabelledFolder:
    """The images that have a text file.

    Raises:
        DatasetError: no names of classes, or no such image.
    """
    names, origin = _names(root)
    pairs, empty = [], 0
    for image in sorted(root.rglob("*")):
        if image.suffix.lower() not in IMAGE_SUFFIXES or "images" not in image.parts:
            continue
        labels = _labels(root, image)
        if labels.is_file():
            pairs.append(_pair(root, image, labels))
        else:
            empty += 1
    chosen, taken = choose_split(pairs, split, root)
    return LabelledFolder(
        root,
        LAYOUT,
        "images/ with YOLO's labels/*.txt" + (f", split {taken}" if taken else ""),
        expect_pairs(chosen, root, "images/NAME.jpg with labels/NAME.txt"),
        YoloReader(names, origin),
        ontology_of(names, root.resolve().name, f"the names in {origin}"),
        (f"{empty} images left out: no text file in labels/",) if empty else (),
    )


def _labels(root: Path, image: Path) -> Path:
    """The text file: the last folder `images` of the path becomes `labels`."""
    parts = list(image.relative_to(root).parts)
    place = len(parts) - 1 - parts[::-1].index("images") if "images" in parts else 0
    parts[place] = "labels"
    return root.joinpath(*parts).with_suffix(".txt")


def _pair(root: Path, image: Path, labels: Path) -> ImagePair:
    folders = [part for part in image.relative_to(root).parent.parts if part != "images"]
    split = next((found for part in folders if (found := split_of(part))), "")
    sequence = "/".join(part for part in folders if not split_of(part))
    return ImagePair(image, labels, sequence, image.stem, split=split)


def _names(root: Path) -> tuple[dict[int, str], str]:
    for path in [*sorted(root.glob("*.yaml")), *sorted(root.glob("*.yml"))]:
        data: Any = read_yaml(path, "YOLO's data.yaml", DatasetError)
        names = data.get("names") if isinstance(data, dict) else None
        if isinstance(names, list) and names:
            return {number: str(name) for number, name in enumerate(names)}, path.name
        if isinstance(names, dict) and names and all(isinstance(key, int) for key in names):
            return {number: str(name) for number, name in names.items()}, path.name
    for place in ("classes.txt", "labels/classes.txt"):
        if (root / place).is_file():
            lines = filter(None, map(str.strip, _read(root / place).splitlines()))
            return dict(enumerate(lines)), place
    msg = f"{root}: YOLO labels without names: expected data.yaml with `names:`; put it there"
    raise DatasetError(msg)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = cant("read", path, error) if isinstance(error, OSError) else f"{path}: {error}"
        raise DatasetError(reason) from error
