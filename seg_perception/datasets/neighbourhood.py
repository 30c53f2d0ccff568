"""`python -m seg_perception.datasets.neighbourhood FOLDER SPLIT`: hold out look-alike images.

Frames of a drive resemble each other, so a random hold-out measures memory. Look
at small thumbnails, cluster them, hold out whole clusters, and leave out of the
training every image that lies too close to a held-out one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import DatasetError
from seg_perception.datasets.folder import IMAGES
from seg_perception.io.image_files import decode_file

THUMBNAIL = (32, 18)


@dataclass(frozen=True)
class HoldOut:
    """Which images go where; indices into the images given.

    Attributes:
        train: may be learnt from.
        validation: whole clusters.
        dropped: of other clusters, but nearer than the margin to a held-out image.
    """

    train: tuple[int, ...]
    validation: tuple[int, ...]
    dropped: tuple[int, ...]


def describe(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What an image looks like from afar: structure free of exposure, and colour.

    Args:
        image: uint8 (H, W, 3), RGB.

    Returns:
        float32 (1728,): normalised lightness and the two colour axes of CIELAB of a
        32x18 thumbnail.
    """
    small = cv2.resize(image, THUMBNAIL, interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    light = lab[..., 0]
    light = (light - light.mean()) / (light.std() + 5)
    return np.concatenate([light.ravel(), (lab[..., 1:].ravel() - 128) / 20])


def hold_out(
    descriptors: NDArray[np.float32], clusters: int, every: int, margin: float, seed: int = 0
) -> HoldOut:
    """Split by k-means clusters: every `every`-th cluster, from the largest down, is held out.

    Args:
        descriptors: float32 (N, D), one row an image.
        clusters: number of neighbourhoods.
        every: one cluster in this many is held out.
        margin: root mean square distance under which a training image is dropped.
        seed: of the clustering.
    """
    labels = _cluster(descriptors, clusters, seed)
    order = np.argsort(-np.bincount(labels, minlength=clusters), kind="stable")
    held = np.isin(labels, order[every // 2 :: every])
    near = _nearest(descriptors, descriptors[held]) < margin
    return HoldOut(_indices(~held & ~near), _indices(held), _indices(~held & near))


def _cluster(descriptors: NDArray[np.float32], clusters: int, seed: int) -> NDArray[np.int32]:
    cv2.setRNGSeed(seed)
    stop = (cv2.TERM_CRITERIA_MAX_ITER + cv2.TERM_CRITERIA_EPS, 100, 1e-4)
    _, labels, _ = cv2.kmeans(descriptors, clusters, None, stop, 5, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]
    return np.asarray(labels[:, 0], np.int32)


def _nearest(descriptors: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.array(
        [np.sqrt(((others - row) ** 2).mean(axis=1)).min() for row in descriptors], np.float32
    )


def _indices(chosen: Sequence[bool] | NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(index) for index in np.flatnonzero(chosen))


def write_split(folder: Path, split: Path, clusters: int, every: int, margin: float) -> None:
    """Split the images of a folder data set and write their names as YAML.

    Raises:
        DatasetError: the folder has no images, one can't be decoded, or the disk refuses.
    """
    files = sorted(path for path in (folder / IMAGES).glob("*") if path.is_file())
    if len(files) < clusters:
        msg = f"{folder / IMAGES}: expected {clusters} images or more, got {len(files)}"
        raise DatasetError(msg)
    chosen = hold_out(np.stack([describe_file(path) for path in files]), clusters, every, margin)
    names = {part: [files[i].stem for i in indices] for part, indices in asdict(chosen).items()}
    text = (
        f"# hold_out(clusters={clusters}, every={every}, margin={margin}, seed=0) of "
        "seg_perception/datasets/neighbourhood.py\n" + yaml.safe_dump(names, sort_keys=False)
    )
    write_file(split, text, DatasetError)


def describe_file(path: Path) -> NDArray[np.float32]:
    """The same of an image file.

    Raises:
        DatasetError: it can't be decoded.
    """
    image = decode_file(path, cv2.IMREAD_COLOR)
    if image is None:
        msg = f"{path}: can't be decoded as an image: replace it or take it away"
        raise DatasetError(msg)
    return describe(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 is success, 2 a mistake that the message explains."""
    parser = argparse.ArgumentParser(prog="python -m seg_perception.datasets.neighbourhood")
    parser.add_argument("folder", type=Path, help="data set with images/")
    parser.add_argument("split", type=Path, help="YAML file to write")
    parser.add_argument("--clusters", type=int, default=32)
    parser.add_argument("--every", type=int, default=7, help="one cluster in this many is held out")
    parser.add_argument("--margin", type=float, default=0.33, help="nearer ones are not trained on")
    options = parser.parse_args(arguments)
    try:
        write_split(*vars(options).values())
    except DatasetError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
