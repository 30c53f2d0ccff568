"""Which layout a folder has, and what is in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from seg_perception.core.disk_errors import expect_readable
from seg_perception.core.errors import DatasetError
from seg_perception.datasets import cityscapes, coco, cvat, plain_folder, voc, yolo
from seg_perception.datasets.folder import IMAGES, MASKS
from seg_perception.datasets.goose import find_goose_images, find_goose_scans, is_goose
from seg_perception.datasets.labelled_folder import LabelledFolder
from seg_perception.datasets.masks import MaskReader
from seg_perception.datasets.pairs import ImagePair
from seg_perception.datasets.rellis import find_rellis_images, find_rellis_scans, is_rellis
from seg_perception.datasets.semantic_kitti import CloudPair, find_semantic_kitti
from seg_perception.datasets.splits import ALL, Split, is_file

Open = Callable[[Path, str], LabelledFolder]


def _open_goose(root: Path, split: str) -> LabelledFolder:
    """The published splits that are there for `all`; by themselves those of `val`."""
    known = [part for part in ("train", "val") if (root / "images" / part).is_dir()]
    parts = known if split == ALL and known else ["val" if split in ("", ALL) else split]
    pairs = tuple(pair for part in parts for pair in find_goose_images(root, part))
    taken = f"GOOSE's images/ with labels/*_labelids.png, split {' and '.join(parts)}"
    return LabelledFolder(root, "goose", taken, pairs, MaskReader())


def _open_rellis(root: Path, split: str) -> LabelledFolder:
    listed = "" if split == ALL else split
    taken = "RELLIS' pylon_camera_node/ with pylon_camera_node_label_id/"
    pairs = find_rellis_images(root, listed)
    return LabelledFolder(root, "rellis", taken, pairs, MaskReader())


_IMAGES: dict[str, Open] = {
    "goose": _open_goose,
    "rellis": _open_rellis,
    cityscapes.LAYOUT: cityscapes.open_cityscapes,
    voc.LAYOUT: voc.open_voc,
    coco.LAYOUT: coco.open_coco,
    yolo.LAYOUT: yolo.open_yolo,
    cvat.LAYOUT: cvat.open_cvat,
    plain_folder.LAYOUT: plain_folder.open_plain,
}
_CLOUDS: dict[str, Callable[[Path, str], tuple[CloudPair, ...]]] = {
    "goose": lambda root, split: find_goose_scans(root, split or "val"),
    "rellis": lambda root, _split: find_rellis_scans(root),
    "semantic_kitti": lambda root, _split: find_semantic_kitti(root),
}
# Asked in this order: what is special comes before what many folders have.
_SIGNS: dict[str, Callable[[Path], bool]] = {
    "semantic_kitti": lambda root: (root / "sequences").is_dir(),
    "rellis": is_rellis,
    "goose": is_goose,
    cityscapes.LAYOUT: cityscapes.is_cityscapes,
    # Our own folders hold pre-labels in other forms beside the masks that count.
    plain_folder.LAYOUT: lambda root: (root / IMAGES).is_dir() and (root / MASKS).is_dir(),
    cvat.LAYOUT: cvat.is_cvat,
    voc.LAYOUT: voc.is_voc,
    coco.LAYOUT: coco.is_coco,
    yolo.LAYOUT: yolo.is_yolo,
}
LAYOUTS = tuple(dict.fromkeys((*_IMAGES, *_CLOUDS)))
IMAGE_LAYOUTS = tuple(_IMAGES)
CLOUD_LAYOUTS = tuple(_CLOUDS)


def guess_layout(root: Path) -> str:
    """The layout that the folders of a data set show; `folder` where no other one does."""
    return next((name for name, shows in _SIGNS.items() if shows(root)), plain_folder.LAYOUT)


def open_folder(root: Path, layout: str = "", split: str = "") -> LabelledFolder:
    """The labelled images of a data set, and how their labels are read.

    Args:
        root: its folder.
        layout: one of `IMAGE_LAYOUTS`; empty: as the folders show.
        split: `train`, `val` or `test`; `all`: every image, each with its split; a YAML file: the
            images that it names under `validation`; empty: the layout's usual one, `val` where
            there is one.

    Raises:
        DatasetError: no such layout, files are missing, or a folder can't be read.
    """
    chosen = _chosen(root, layout)
    if chosen not in _IMAGES:
        msg = f"layout {chosen!r}: expected one of {sorted(_IMAGES)}"
        raise DatasetError(msg)
    if not is_file(split):
        return _IMAGES[chosen](root, split)
    return held_out(_IMAGES[chosen](root, ALL), Path(split))


def held_out(folder: LabelledFolder, file: Path) -> LabelledFolder:
    """The images of a folder that a split's file names under `validation`.

    Raises:
        DatasetError: it is no split, holds nothing out, or names an image that is not there.
    """
    names = set(Split.load(file).validation)
    pairs = tuple(pair for pair in folder.pairs if pair.key in names)
    if missing := sorted(names - {pair.key for pair in pairs}):
        msg = f"{folder.root}: has no {missing[0]}, which {file} holds out: add it, or split anew"
        raise DatasetError(msg)
    if not pairs:
        msg = f"{file}: expected names of images under `validation`, found none: split anew"
        raise DatasetError(msg)
    return replace(folder, pairs=pairs, taken=f"{folder.taken}, held out by {file}")


def find_images(root: Path, layout: str = "", split: str = "") -> tuple[ImagePair, ...]:
    """The labelled images of a data set; arguments and errors as for `open_folder`."""
    return open_folder(root, layout, split).pairs


def find_scans(root: Path, layout: str = "", split: str = "") -> tuple[CloudPair, ...]:
    """The labelled scans of a data set; arguments and errors as for `open_folder`."""
    chosen = _chosen(root, layout)
    if chosen not in _CLOUDS:
        msg = f"layout {chosen!r}: expected one of {sorted(_CLOUDS)}"
        raise DatasetError(msg)
    return _CLOUDS[chosen](root, split)


def _chosen(root: Path, layout: str) -> str:
    if not root.is_dir():
        msg = f"{root} not found: expected the folder of a data set"
        raise DatasetError(msg)
    expect_readable(root, DatasetError)
    return layout or guess_layout(root)
