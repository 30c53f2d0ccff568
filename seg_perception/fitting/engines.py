"""A bundle's answers to pictures on the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seg_perception.datasets.folder import read_image
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.onnxruntime_engine import OnnxRuntimeEngine
from seg_perception.inference.onnxruntime_providers import CPU_PROVIDER
from seg_perception.inference.preprocessing import Preprocessing, make_preprocessing

# Told how many pictures are done, and of how many.
Tell = Callable[[int, int], None]


def tell_nobody(_done: int, _total: int) -> None:
    """Nobody waits."""


def reference_engine(bundle: Bundle) -> OnnxRuntimeEngine:
    """ONNX Runtime on the CPU; the caller closes it."""
    return OnnxRuntimeEngine(bundle, [CPU_PROVIDER])


def preprocessing_of(bundle: Bundle) -> Preprocessing:
    """How the bundle's authors bring an image to the network's size."""
    return make_preprocessing((bundle.width, bundle.height), bundle.manifest.input.resize)


def pictures(bundle: Bundle, files: Sequence[Path]) -> Iterator[NDArray[np.uint8]]:
    """Of the network's size, uint8 (H, W, 3) RGB.

    Raises:
        DatasetError: one can't be read.
    """
    preprocessing = preprocessing_of(bundle)
    for file in files:
        yield preprocessing.prepare(read_image(file))
