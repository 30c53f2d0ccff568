"""An engine that takes its time without the processor's, as one on a GPU does."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from seg_perception.inference.bundle import Bundle
from seg_perception.inference.self_test import SelfTestResult

_BLOCK = 32


class TimedEngine:
    """Known labels, a while after they were asked for; takes the place of a `ValidatedEngine`."""

    refused: tuple[str, ...] = ()
    quarantined = unwatched = ""
    validation = "nothing to validate"

    def __init__(self, bundle: Bundle, seconds: float) -> None:
        """Make the labels; a picture of the bundle's size takes so many seconds."""
        self.bundle = bundle
        self.description = f"{1e3 * seconds:g} ms a picture"
        self.self_test = SelfTestResult(True, None, self.validation, 0.0)
        self._seconds = seconds
        height, width = bundle.height, bundle.width
        random = np.random.default_rng(0)
        rows, columns = -(-height // _BLOCK), -(-width // _BLOCK)
        blocks = random.integers(0, bundle.ontology.id_count, (rows, columns), dtype=np.uint8)
        whole = np.kron(blocks, np.ones((_BLOCK, _BLOCK), np.uint8))
        self._labels = np.ascontiguousarray(whole[:height, :width])
        self._confidence = random.integers(100, 255, (height, width), dtype=np.uint8)

    @property
    def engine(self) -> TimedEngine:
        """What runs now."""
        return self

    def infer(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The labels of any picture."""
        del image
        time.sleep(self._seconds)
        return self._labels, self._confidence

    def close(self) -> None:
        """Nothing to close."""
