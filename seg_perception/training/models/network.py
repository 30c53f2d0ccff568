"""What training, validation and export expect of a network."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from seg_perception.training.models.outputs import NetworkOutput


class SegmentationNetwork(nn.Module):
    """A network from normalised images to class scores or masks.

    Attributes:
        stride: height and width of an image must be multiples of it.
    """

    stride: int

    @abstractmethod
    def forward(self, x: Tensor) -> NetworkOutput:
        """Segment normalised images, float (B, 3, H, W)."""

    def set_progress(self, done: float) -> None:
        """Tell how much of a training is done, 0 to 1, before each step; may do nothing."""
        del done

    def start_from_prior(self, pixels: NDArray[np.int64]) -> None:
        """Prepare the classifier for how often each class occurs; may do nothing.

        Args:
            pixels: training pixels by class, int64 (classes,).
        """
        del pixels
