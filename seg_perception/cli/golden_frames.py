"""Pictures that a bundle is proven with, and others that INT8 is calibrated with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    GiveGolden = Callable[[int, int], Sequence[NDArray[np.uint8]]]
    GiveFrames = Callable[[int, int], Iterable[NDArray[np.uint8]]]

_GOLDEN_SEED = 7
_GOLDEN_COUNT = 3
_IMAGES = (".png", ".jpg", ".jpeg")
_MOST_GOLDEN, _FEWEST_TO_SPLIT = 8, 4


def choose_frames(folder: Path | None, *, int8: bool) -> tuple[GiveGolden, GiveFrames | None]:
    """What gives golden frames for a width and height, and what those for INT8, if asked.

    Frames are uint8 (H, W, 3) RGB; without a folder they are simulated.

    Raises:
        ConfigError: INT8 without a folder, or with too few images in it.
        DatasetError: the folder has no image.
    """
    if int8:
        return _split(folder)
    return (partial(_read_frames, folder) if folder else _simulate), None


def _simulate(width: int, height: int) -> list[NDArray[np.uint8]]:
    """Golden frames of the simulator, uint8 (height, width, 3) RGB."""
    from seg_perception.simulation.training_frames import training_frames

    frames = training_frames(_GOLDEN_SEED, _GOLDEN_COUNT, width, height)
    return [image for image, _ in frames]


def _read_frames(folder: Path, *_size: int) -> list[NDArray[np.uint8]]:
    """Golden frames of a folder, uint8 (H, W, 3) RGB, by name.

    Raises:
        DatasetError: there is none, or one can't be read.
    """
    return list(_read(_image_files(folder)))


def _split(folder: Path | None) -> tuple[GiveGolden, GiveFrames]:
    """Golden frames of a folder and, apart from them, those that INT8 is calibrated with.

    Raises:
        ConfigError: there is no folder, or it has too few images.
        DatasetError: it has none.
    """
    from seg_perception.core.errors import ConfigError

    if folder is None:
        msg = "--int8: expected --frames, a folder of images as the robot sees them; 100 will do"
        raise ConfigError(msg)
    paths = _image_files(folder)
    if len(paths) < _FEWEST_TO_SPLIT:
        msg = (
            f"--int8 --frames {folder}: expected at least {_FEWEST_TO_SPLIT} images, got "
            f"{len(paths)}: some are compared, the rest decide the ranges; 100 will do"
        )
        raise ConfigError(msg)
    step = max(len(paths) // _MOST_GOLDEN, 2)
    golden = paths[::step][:_MOST_GOLDEN]
    rest = [path for path in paths if path not in golden]
    return lambda *_: list(_read(golden)), lambda *_: _read(rest)


def _image_files(folder: Path) -> list[Path]:
    from seg_perception.core.errors import DatasetError

    paths = sorted(p for p in folder.glob("*") if p.suffix.lower() in _IMAGES)
    if not paths:
        msg = f"--frames {folder}: expected PNG or JPEG images in that folder, found none"
        raise DatasetError(msg)
    return paths


def _read(paths: Sequence[Path]) -> Iterator[NDArray[np.uint8]]:
    import cv2
    import numpy as np

    from seg_perception.core.errors import DatasetError
    from seg_perception.io.image_files import decode_file

    for path in paths:
        image = decode_file(path, cv2.IMREAD_COLOR)
        if image is None:
            msg = f"{path} can't be read as an image; remove it or save it again"
            raise DatasetError(msg)
        # Contiguous, as torch wants it: an image of the network's size is taken as it is.
        yield np.ascontiguousarray(image[..., ::-1])
