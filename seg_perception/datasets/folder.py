"""A data set that is two folders: `images/NAME.jpg|png` and `masks_src/NAME.png`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import DatasetError
from seg_perception.datasets.mapping import UNMAPPED
from seg_perception.io.image_files import decode_file

IMAGES = "images"
MASKS = "masks_src"
_SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True)
class LabelledImage:
    """One image and what its pixels stand for.

    Attributes:
        name: file name without suffix.
        image: uint8 (H, W, 3), RGB.
        targets: uint8 (H, W), ids of a `TargetSpace`; 255 is ignored.
    """

    name: str
    image: NDArray[np.uint8]
    targets: NDArray[np.uint8]


class FolderDataset:
    """Images with masks of the same name.

    Args:
        root: folder that holds `images/` and `masks_src/`.
        lookup: uint8 (256,), target by source id (`TargetSpace.lookup`).
        names: the files to use; None takes all.
    """

    def __init__(
        self, root: Path, lookup: NDArray[np.uint8], names: Sequence[str] | None = None
    ) -> None:
        """List the files; nothing is read yet.

        Raises:
            DatasetError: a folder is missing or empty, or a named file is not there.
        """
        self._root = root
        self._lookup = lookup
        self._images = by_name(root / IMAGES)
        self._masks = by_name(root / MASKS)
        self.names = tuple(names if names is not None else sorted(self._images))
        self._check_names()

    def __len__(self) -> int:
        """Count the images."""
        return len(self.names)

    def __getitem__(self, index: int) -> LabelledImage:
        """Read one pair.

        Raises:
            DatasetError: a file can't be decoded, the sizes differ, or the mask holds
                an id that the mapping does not know.
        """
        name = self.names[index]
        image, path = read_image(self._images[name]), self._masks[name]
        mask = _read(path, cv2.IMREAD_UNCHANGED)
        return LabelledImage(name, image, to_targets(mask, image.shape[:2], self._lookup, path))

    def _check_names(self) -> None:
        if not self.names:
            msg = (
                f"{self._root}: expected at least one image in {IMAGES}/, found none: "
                "check the path and the split"
            )
            raise DatasetError(msg)
        for name in self.names:
            for files, folder in ((self._images, IMAGES), (self._masks, MASKS)):
                if name not in files:
                    msg = (
                        f"{self._root / folder}: no file named {name}: "
                        "add it, or take the name out of the split"
                    )
                    raise DatasetError(msg)


def read_image(path: Path) -> NDArray[np.uint8]:
    """uint8 (H, W, 3), RGB.

    Raises:
        DatasetError: it can't be decoded.
    """
    image = cv2.cvtColor(_read(path, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    return np.asarray(image, np.uint8)


def to_targets(
    mask: NDArray[Any], size: tuple[int, ...], lookup: NDArray[np.uint8], path: Path
) -> NDArray[np.uint8]:
    """What the pixels of a mask stand for in training.

    Args:
        mask: as it was decoded.
        size: (H, W) of its image.
        lookup: uint8 (256,), target by source id.
        path: of the mask, for the sentence.

    Raises:
        DatasetError: it is no mask of 8-bit ids, of another size than the image, or holds
            an id that the mapping does not know.
    """
    if mask.ndim != 2 or mask.dtype != np.uint8:
        msg = (
            f"{path}: expected a mask of one 8-bit channel, got {mask.dtype} {mask.shape}: "
            "save class ids, not colours"
        )
        raise DatasetError(msg)
    if mask.shape != size:
        msg = (
            f"{path}: expected the image's size {size[1]}x{size[0]}, "
            f"got {mask.shape[1]}x{mask.shape[0]}: export both at one size"
        )
        raise DatasetError(msg)
    targets: NDArray[np.uint8] = lookup[mask]
    if (targets == UNMAPPED).any():
        unknown = sorted({int(i) for i in np.unique(mask[targets == UNMAPPED])})
        msg = (
            f"{path}: holds ids {unknown} that the mapping does not know: "
            "add them to it (`as: []` ignores)"
        )
        raise DatasetError(msg)
    return targets


def by_name(folder: Path) -> dict[str, Path]:
    """Image files by their names without suffix.

    Raises:
        DatasetError: no such folder.
    """
    if not folder.is_dir():
        msg = f"{folder} not found: expected a data set with {IMAGES}/ and {MASKS}/"
        raise DatasetError(msg)
    return {
        path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in _SUFFIXES
    }


def _read(path: Path, flags: int) -> NDArray[np.uint8]:
    array = decode_file(path, flags)
    if array is None:
        msg = f"{path}: can't be decoded as an image: replace the file or take it out of the split"
        raise DatasetError(msg)
    return np.asarray(array)
