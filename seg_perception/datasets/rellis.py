"""RELLIS-3D: `SEQUENCE/pylon_camera_node/*.jpg` and their masks, Ouster scans and their labels."""

from __future__ import annotations

import re
from pathlib import Path

from seg_perception.core.errors import DatasetError
from seg_perception.datasets.pairs import ImagePair, expect_pairs
from seg_perception.datasets.semantic_kitti import CloudPair, find_clouds

_IMAGES, _MASKS = "pylon_camera_node", "pylon_camera_node_label_id"
_SCANS, _LABELS = "os1_cloud_node_kitti_bin", "os1_cloud_node_semantickitti_label_id"
_STAMP = re.compile(r"frame\d+-(\d+)_(\d{3})$")


def is_rellis(root: Path) -> bool:
    """Whether a folder has RELLIS' masks or scans."""
    return any(next(root.glob(f"**/{name}"), None) is not None for name in (_MASKS, _SCANS))


def find_rellis_images(root: Path, split: str = "") -> tuple[ImagePair, ...]:
    """Images that have a mask: those of `SPLIT.lst` beside the sequences, or all.

    Raises:
        DatasetError: there are none, or the list names a file that is not there.
    """
    root = _base(root)
    if split:
        pairs = [_pair(root / image, root / mask) for image, mask in _listed(root, split)]
    else:
        pairs = [
            _pair(mask.parent.parent / _IMAGES / f"{mask.stem}.jpg", mask)
            for mask in root.glob(f"*/{_MASKS}/*.png")
        ]
    return expect_pairs(pairs, root, f"SEQUENCE/{_IMAGES}/*.jpg with SEQUENCE/{_MASKS}/*.png")


def find_rellis_scans(root: Path) -> tuple[CloudPair, ...]:
    """Ouster scans with labels.

    Raises:
        DatasetError: there are none, or one has no labels.
    """
    return find_clouds(_base(root), _SCANS, _LABELS)


def _base(root: Path) -> Path:
    """The archives unpack into a folder of their own."""
    inner = root / "Rellis-3D"
    return inner if inner.is_dir() else root


def _listed(root: Path, split: str) -> list[tuple[str, str]]:
    for path in (root / f"{split}.lst", root.parent / f"{split}.lst"):
        if path.is_file():
            lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
            return [(line[0], line[1]) for line in lines if len(line) == 2]
    msg = f"{root / f'{split}.lst'} not found: expected the data set's list of image and mask pairs"
    raise DatasetError(msg)


def _pair(image: Path, mask: Path) -> ImagePair:
    for path in (image, mask):
        if not path.is_file():
            msg = f"{path} not found: expected the image and the mask {mask.stem}; unpack both"
            raise DatasetError(msg)
    found = _STAMP.match(image.stem)
    stamp_ns = int(found[1]) * 10**9 + int(found[2]) * 10**6 if found else 0
    return ImagePair(image, mask, image.parent.parent.name, image.stem, stamp_ns)
