"""Which layout a folder has, and what is in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from seg_perception.core.disk_errors import expect_readable
from seg_perception.core.errors import DatasetError
from seg_perception.datasets.folder import IMAGES, MASKS, by_name
from seg_perception.datasets.goose import find_goose_images, find_goose_scans
from seg_perception.datasets.pairs import ImagePair, expect_pairs
from seg_perception.datasets.rellis import find_rellis_images, find_rellis_scans
from seg_perception.datasets.semantic_kitti import CloudPair, find_semantic_kitti

Found = TypeVar("Found")

_IMAGES: dict[str, Callable[[Path, str], tuple[ImagePair, ...]]] = {
    "goose": lambda root, split: find_goose_images(root, split or "val"),
    "rellis": find_rellis_images,
    "folder": lambda root, _split: find_folder_images(root),
}
_CLOUDS: dict[str, Callable[[Path, str], tuple[CloudPair, ...]]] = {
    "goose": lambda root, split: find_goose_scans(root, split or "val"),
    "rellis": lambda root, _split: find_rellis_scans(root),
    "semantic_kitti": lambda root, _split: find_semantic_kitti(root),
}
LAYOUTS = tuple(dict.fromkeys((*_IMAGES, *_CLOUDS)))


def guess_layout(root: Path) -> str:
    """The layout that the folders of a data set show.

    Raises:
        DatasetError: none that is known.
    """
    if (root / "sequences").is_dir():
        return "semantic_kitti"
    if (root / "labels").is_dir() and any((root / kind).is_dir() for kind in (IMAGES, "lidar")):
        return "goose"
    if (root / IMAGES).is_dir() and (root / MASKS).is_dir():
        return "folder"
    if next(root.glob("**/pylon_camera_node_label_id"), None) is not None:
        return "rellis"
    if next(root.glob("**/os1_cloud_node_kitti_bin"), None) is not None:
        return "rellis"
    msg = (
        f"{root}: no layout of a data set: expected images/ and labels/ (GOOSE), "
        f"SEQUENCE/pylon_camera_node_label_id/ (RELLIS), sequences/ (SemanticKITTI), "
        f"or {IMAGES}/ and {MASKS}/"
    )
    raise DatasetError(msg)


def find_images(root: Path, layout: str = "", split: str = "") -> tuple[ImagePair, ...]:
    """The labelled images of a data set.

    Args:
        root: its folder.
        layout: one of `LAYOUTS`; empty: as the folders show.
        split: empty: the layout's usual one.

    Raises:
        DatasetError: no such layout, files are missing, or a folder can't be read.
    """
    return _chosen(_IMAGES, root, layout)(root, split)


def find_scans(root: Path, layout: str = "", split: str = "") -> tuple[CloudPair, ...]:
    """The labelled scans of a data set; arguments and errors as for `find_images`."""
    return _chosen(_CLOUDS, root, layout)(root, split)


def find_folder_images(root: Path) -> tuple[ImagePair, ...]:
    """Pairs of `images/NAME.jpg|png` and `masks_src/NAME.png`; all are one sequence.

    Raises:
        DatasetError: there are none, or an image has no mask.
    """
    images, masks = by_name(root / IMAGES), by_name(root / MASKS)
    if missing := sorted(set(images) - set(masks)):
        msg = f"{root / MASKS}: no file named {missing[0]}: add it, or take its image away"
        raise DatasetError(msg)
    pairs = [ImagePair(path, masks[name], "", name) for name, path in images.items()]
    return expect_pairs(pairs, root, f"{IMAGES}/NAME.jpg with {MASKS}/NAME.png")


def _chosen(
    known: dict[str, Callable[[Path, str], Found]], root: Path, layout: str
) -> Callable[[Path, str], Found]:
    if not root.is_dir():
        msg = f"{root} not found: expected the folder of a data set"
        raise DatasetError(msg)
    expect_readable(root, DatasetError)
    chosen = layout or guess_layout(root)
    if chosen not in known:
        msg = f"layout {chosen!r}: expected one of {sorted(known)}"
        raise DatasetError(msg)
    return known[chosen]
