"""Label files of a folder of images, as good as many views make them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.disk_errors import expect_readable
from seg_perception.core.errors import ImageError
from seg_perception.inference.augmented import AugmentedSegmenter
from seg_perception.io.image_files import decode_file, write_image

_SUFFIXES = (".jpg", ".jpeg", ".png")


def find_images(folder: Path, output: Path) -> dict[Path, Path]:
    """Each image under a folder and where its label file goes: the same place, as PNG.

    Raises:
        ImageError: no image, a folder that can't be read, or the output is in use, lies
            inside the folder, or two images would share a label file.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        msg = f"{output} exists; remove it or name another folder for the labels"
        raise ImageError(msg)
    if folder.resolve() in (output.resolve(), *output.resolve().parents):
        msg = f"{output} lies inside {folder}; name a folder elsewhere for the labels"
        raise ImageError(msg)
    expect_readable(folder, ImageError)
    images = sorted(p for p in folder.rglob("*") if p.suffix.lower() in _SUFFIXES)
    if not images:
        msg = f"{folder}: expected a folder with PNG or JPEG images, found none"
        raise ImageError(msg)
    places = {image: (output / image.relative_to(folder)).with_suffix(".png") for image in images}
    if len(set(places.values())) < len(images):
        names = list(places.values())
        twice = next(place for place in names if names.count(place) > 1)
        msg = f"{folder}: two images would share {twice}; rename one of them"
        raise ImageError(msg)
    return places


def label_images(
    segmenter: AugmentedSegmenter,
    places: dict[Path, Path],
    advance: Callable[[int, int], None],
) -> None:
    """Write class ids at each image's own size.

    Args:
        segmenter: labels an image.
        places: label file by image.
        advance: is told how many of how many are done.

    Raises:
        ImageError: an image can't be decoded, or the disk refuses a label file.
        EngineError: the engine failed.
    """
    for done, (image, place) in enumerate(places.items(), start=1):
        labels, _ = segmenter.label(_read(image))
        _write(place, labels)
        advance(done, len(places))


def _read(path: Path) -> NDArray[np.uint8]:
    pixels = decode_file(path, cv2.IMREAD_COLOR)
    if pixels is None:
        msg = f"{path}: can't be decoded as an image: replace or remove it"
        raise ImageError(msg)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)


def _write(place: Path, labels: NDArray[np.uint8] | NDArray[np.uint16]) -> None:
    write_image(place, labels, ImageError)
