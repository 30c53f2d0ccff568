"""GOOSE and GOOSE-Ex: images and scans with labels, as the archives unpack.

    images/SPLIT/SCENARIO/SCENARIO__INDEX_STAMP_windshield_vis.png
    labels/SPLIT/SCENARIO/SCENARIO__INDEX_STAMP_labelids.png
    lidar/SPLIT/SCENARIO/SCENARIO__INDEX_STAMP_vls128.bin
    labels/SPLIT/SCENARIO/SCENARIO__INDEX_STAMP_goose.label

GOOSE-Ex has one underscore before the index, and images of other cameras.
"""

from __future__ import annotations

import re
from pathlib import Path

from seg_perception.core.errors import DatasetError
from seg_perception.datasets.pairs import ImagePair, expect_pairs, season
from seg_perception.datasets.semantic_kitti import CloudPair, expect_clouds

_PLATFORMS = {
    "_windshield_vis.png": "mucar3",
    "_camera_left.png": "alice",
    "_front.png": "spot",
    "_realsense.png": "spot",
}
_LABELS = "_labelids.png"
_SCANS = {"_vls128.bin": "mucar3", "_pcl.bin": "goose_ex"}
_SCAN_LABELS = "_goose.label"
_STEM = re.compile(r"(?P<scenario>.+?)_{1,2}(?P<index>\d+)_(?P<stamp>\d{16,19})$")
_DATE = re.compile(r"\d{4}-(\d{2})-\d{2}")


def is_goose(root: Path) -> bool:
    """Whether a folder has images or scans that are named as GOOSE's, with labels."""
    names = [*(f"images/*/*/*{end}" for end in _PLATFORMS), *(f"lidar/*/*/*{e}" for e in _SCANS)]
    return (root / "labels").is_dir() and any(
        next(root.glob(name), None) is not None for name in names
    )


def find_goose_images(root: Path, split: str = "val") -> tuple[ImagePair, ...]:
    """The colour images of a split; near infrared ones are left out.

    Raises:
        DatasetError: there are none, or one has no labels (those of the test split are not
            published).
    """
    pairs = [
        _pair(root, split, image, suffix)
        for suffix in _PLATFORMS
        for image in (root / "images" / split).glob(f"*/*{suffix}")
    ]
    expected = f"images/{split}/SCENARIO/*{' or *'.join(_PLATFORMS)}"
    return expect_pairs(pairs, root, expected)


def find_goose_scans(root: Path, split: str = "val") -> tuple[CloudPair, ...]:
    """The scans of a split.

    Raises:
        DatasetError: there are none, or one has no labels.
    """
    pairs = [
        CloudPair(scan, _labels(root, split, scan, suffix, _SCAN_LABELS), scan.parent.name, stem)
        for suffix in _SCANS
        for scan in (root / "lidar" / split).glob(f"*/*{suffix}")
        for stem in [scan.name.removesuffix(suffix)]
    ]
    expected = f"lidar/{split}/SCENARIO/*{' or *'.join(_SCANS)}"
    return expect_clouds(pairs, root, expected)


def _pair(root: Path, split: str, image: Path, suffix: str) -> ImagePair:
    stem = image.name.removesuffix(suffix)
    found = _STEM.match(stem)
    conditions = {"platform": _PLATFORMS[suffix]}
    if date := _DATE.search(image.parent.name):
        conditions["season"] = season(date.group(1))
    return ImagePair(
        image=image,
        labels=_labels(root, split, image, suffix, _LABELS),
        sequence=image.parent.name,
        name=stem,
        stamp_ns=int(found["stamp"].ljust(19, "0")) if found else 0,
        conditions=conditions,
        split=split,
    )


def _labels(root: Path, split: str, file: Path, suffix: str, labels: str) -> Path:
    name = f"{file.name.removesuffix(suffix)}{labels}"
    path = root / "labels" / split / file.parent.name / name
    if not path.is_file():
        msg = f"{path} not found: expected the labels of {file.name}; unpack them, or take it away"
        raise DatasetError(msg)
    return path
