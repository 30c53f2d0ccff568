"""What every inference engine can do."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from seg_perception.inference.bundle import Bundle
from seg_perception.inference.reading import Segmentation


class Engine(Protocol):
    """Runs one model."""

    @property
    def bundle(self) -> Bundle:
        """The model."""
        ...

    @property
    def description(self) -> str:
        """Runtime, device and model in one line."""
        ...

    def infer(self, image: NDArray[np.uint8]) -> Segmentation:
        """Segment a uint8 (H, W, 3) RGB image at the network's size.

        Returns:
            Labels uint8 or uint16 (H, W) and confidence uint8 (H, W).

        Raises:
            EngineError: the engine failed, or its output makes no sense.
        """
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...
