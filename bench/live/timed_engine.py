"""An engine that takes its time without the processor's, as one on a GPU does."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

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

    def __init__(self, bundle: Bundle, width: int, height: int, seconds: float) -> None:
        """Make the labels.

        Args:
            bundle: whose classes and manifest it has.
            width, height: of the network (pixel).
            seconds: that a picture takes.
        """
        self.bundle: Any = SimpleNamespace(
            width=width, height=height, ontology=bundle.ontology, manifest=bundle.manifest
        )
        self.description = f"{1e3 * seconds:g} ms a picture"
        self.self_test = SelfTestResult(True, None, self.validation, 0.0)
        self._seconds = seconds
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
