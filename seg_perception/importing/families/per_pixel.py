"""Networks with one score a class and pixel: SegFormer, DPT, UPerNet, DeepLab and their like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from seg_perception.core.errors import ImportModelError
from seg_perception.importing.families.loading import load_network
from seg_perception.training.models.network import NetworkOutput, SegmentationNetwork

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from seg_perception.importing.model_folder import ModelFolder


class PerPixel:
    """Loads networks whose answer is `logits`."""

    def __init__(self, stride: int = 32) -> None:
        """Take what width and height must be multiples of."""
        self._stride = stride

    def load(self, folder: ModelFolder, size: tuple[int, int]) -> SegmentationNetwork:
        """The network with its weights, in evaluation mode.

        Raises:
            ImportModelError: the weights do not fit the configuration as a whole, or the
                size, width and height, does not fit the network.
        """
        expect_multiple(size, self._stride, folder.architecture)
        return _Network(load_network(folder), self._stride)


class _Network(SegmentationNetwork):
    def __init__(self, model: PreTrainedModel, stride: int) -> None:
        super().__init__()
        self.model = model
        self.stride = stride

    def forward(self, x: Tensor) -> NetworkOutput:
        return NetworkOutput(scores=self.model(pixel_values=x).logits)


def expect_multiple(size: tuple[int, int], stride: int, architecture: str) -> None:
    """Refuse sizes that the network rounds inside.

    Raises:
        ImportModelError: width or height is no multiple of the stride.
    """
    if size[0] % stride or size[1] % stride:
        near = "x".join(str(max(1, round(n / stride)) * stride) for n in size)
        msg = (
            f"--size {size[0]}x{size[1]}: {architecture} needs multiples of {stride}; "
            f"the nearest is {near}"
        )
        raise ImportModelError(msg)
