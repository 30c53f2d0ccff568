"""Networks with one score a class and pixel: SegFormer, DPT, UPerNet, DeepLab and their like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from seg_perception.importing.families.loading import load_network
from seg_perception.importing.families.pooling import replace_pooling
from seg_perception.importing.families.sizes import expect_multiple, expect_square
from seg_perception.training.models.network import NetworkOutput, SegmentationNetwork

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from seg_perception.importing.model_folder import ModelFolder


class PerPixel:
    """Loads networks whose answer is `logits`.

    Args:
        stride: what width and height must be multiples of.
        square: whether they must be the same.
    """

    def __init__(self, stride: int = 32, *, square: bool = False) -> None:
        """Take what sizes fit."""
        self._stride = stride
        self._square = square

    def load(self, folder: ModelFolder, size: tuple[int, int]) -> SegmentationNetwork:
        """The network with its weights, every adaptive pooling written as matrices.

        Raises:
            ImportModelError: the weights do not fit the configuration as a whole, or the
                size, width and height, does not fit the network.
        """
        if self._square:
            expect_square(size, self._stride, folder.architecture)
        expect_multiple(size, self._stride, folder.architecture)
        network = _Network(load_network(folder), self._stride)
        replace_pooling(network)
        return network

    def published(self, folder: ModelFolder) -> SegmentationNetwork:
        """The same, nothing replaced."""
        return _Network(load_network(folder), self._stride)

    def is_published_size(self, folder: ModelFolder, size: tuple[int, int]) -> bool:
        """Every size that `load` takes."""
        del folder, size
        return True


class _Network(SegmentationNetwork):
    def __init__(self, model: PreTrainedModel, stride: int) -> None:
        super().__init__()
        self.model = model
        self.stride = stride

    def forward(self, x: Tensor) -> NetworkOutput:
        return NetworkOutput(scores=self.model(pixel_values=x).logits)
