"""Scans and labels in SemanticKITTI's files: `sequences/SEQUENCE/{velodyne,labels}/NAME.*`.

A `.bin` holds float32 x, y, z, intensity; a `.label` one uint32 a point, the class in its
low 16 bits and the instance in its high 16 bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import DatasetError

LABEL_SUFFIX = ".label"
_POINT_BYTES, _LABEL_BYTES = 16, 4


@dataclass(frozen=True)
class CloudPair:
    """A scan and the file of its true labels; attributes as in `ImagePair`."""

    cloud: Path
    labels: Path
    sequence: str
    name: str
    stamp_ns: int = 0
    conditions: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Its name in the data set."""
        return f"{self.sequence}/{self.name}" if self.sequence else self.name


def find_semantic_kitti(root: Path) -> tuple[CloudPair, ...]:
    """Every scan with labels below `sequences/`.

    Raises:
        DatasetError: there are none, or a scan of a labelled sequence has no labels.
    """
    return find_clouds(root / "sequences", "velodyne", "labels")


def find_clouds(root: Path, clouds: str, labels: str) -> tuple[CloudPair, ...]:
    """Scans in `root/SEQUENCE/clouds/*.bin`, their labels in `root/SEQUENCE/labels/*.label`.

    A sequence without any labels is passed over: test sequences have none.

    Raises:
        DatasetError: there are none, or a scan of a labelled sequence has no labels.
    """
    pairs = []
    for folder in sorted(root.glob(f"*/{labels}")):
        sequence = folder.parent
        for cloud in sorted((sequence / clouds).glob("*.bin")):
            path = folder / f"{cloud.stem}{LABEL_SUFFIX}"
            if not path.is_file():
                msg = f"{path} not found: expected the labels of {cloud}"
                raise DatasetError(msg)
            pairs.append(CloudPair(cloud, path, sequence.name, cloud.stem))
    return expect_clouds(pairs, root, f"SEQUENCE/{clouds}/*.bin with SEQUENCE/{labels}/*.label")


def expect_clouds(pairs: Sequence[CloudPair], root: Path, expected: str) -> tuple[CloudPair, ...]:
    """The pairs in the order of their keys.

    Raises:
        DatasetError: there are none.
    """
    if not pairs:
        msg = f"{root}: no scan with labels found: expected {expected}"
        raise DatasetError(msg)
    return tuple(sorted(pairs, key=lambda pair: (pair.sequence, pair.name)))


def read_points(path: Path) -> NDArray[np.float32]:
    """float32 (N, 4): x, y, z (metre, sensor frame) and intensity.

    Raises:
        DatasetError: no such file, or not a whole number of points.
    """
    return _read(path, "<f4", _POINT_BYTES).reshape(-1, 4)


def read_labels(path: Path) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Class ids and instance ids, uint16 (N,) each.

    Raises:
        DatasetError: no such file, or not a whole number of points.
    """
    halves = _read(path, "<u2", _LABEL_BYTES).reshape(-1, 2)
    return halves[:, 0], halves[:, 1]


def write_labels(
    path: Path, classes: NDArray[np.uint16], instances: NDArray[np.uint16] | None = None
) -> None:
    """Write a `.label` file of classes and instances, uint16 (N,); without instances they are 0."""
    halves = np.zeros((len(classes), 2), "<u2")
    halves[:, 0] = classes
    if instances is not None:
        halves[:, 1] = instances
    write_file(path, halves.tobytes(), DatasetError)


def _read(path: Path, dtype: str, record_bytes: int) -> NDArray[Any]:
    try:
        size = path.stat().st_size
        if size % record_bytes:
            msg = f"{path}: expected a multiple of {record_bytes} bytes, got {size}; copy it again"
            raise DatasetError(msg)
        return np.fromfile(path, dtype)
    except OSError as error:
        msg = f"{path} can't be read: {error}"
        raise DatasetError(msg) from error
