"""Networks whose queries answer with a class and a mask each: MaskFormer and Mask2Former."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor

from seg_perception.importing.families.loading import load_network
from seg_perception.importing.families.pooling import replace_pooling
from seg_perception.importing.families.sizes import expect_multiple
from seg_perception.training.models.deformable import PixelDecoderAttention
from seg_perception.training.models.network import MaskLayer, NetworkOutput, SegmentationNetwork
from seg_perception.training.models.position_embedding import FixedSine

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from seg_perception.importing.model_folder import ModelFolder

_STRIDE = 32


class MaskFormer:
    """Loads networks that answer with class and mask logits of queries."""

    def load(self, folder: ModelFolder, size: tuple[int, int]) -> SegmentationNetwork:
        """The network with its weights.

        Raises:
            ImportModelError: the weights do not fit the configuration as a whole, or the
                size, width and height, does not fit the network.
        """
        expect_multiple(size, _STRIDE, folder.architecture)
        network = self.published(folder)
        replace_pooling(network)
        return network

    def published(self, folder: ModelFolder) -> MaskNetwork:
        """The same, nothing replaced."""
        return MaskNetwork(load_network(folder), _STRIDE)

    def is_published_size(self, folder: ModelFolder, size: tuple[int, int]) -> bool:
        """Every size that `load` takes."""
        del folder, size
        return True


class Mask2Former(MaskFormer):
    """The same with deformable attention, which is this project's: it has two samplings."""

    def load(self, folder: ModelFolder, size: tuple[int, int]) -> SegmentationNetwork:
        """The network with its weights, its pixel decoder's attention and positions replaced.

        Raises:
            ImportModelError: as above.
        """
        network = super().load(folder, size)
        model: Any = network.model
        decoder = model.model.pixel_level_module.decoder
        for layer in decoder.encoder.layers:
            layer.self_attn = _own_attention(layer.self_attn)
        decoder.position_embedding = FixedSine(model.config.feature_size)
        model.model.transformer_module.position_embedder = FixedSine(model.config.hidden_dim)
        return network


class MaskNetwork(SegmentationNetwork):
    """A network of `transformers`, its queries as one layer of a mask decoder.

    Args:
        model: it.
        stride: what height and width must be multiples of.
    """

    def __init__(self, model: PreTrainedModel, stride: int) -> None:
        """Take the network as it is."""
        super().__init__()
        self.model = model
        self.stride = stride

    def forward(self, x: Tensor) -> NetworkOutput:
        """Segment normalised images, float (B, 3, H, W)."""
        found = self.model(pixel_values=x)
        return NetworkOutput(
            layers=(MaskLayer(found.class_queries_logits, found.masks_queries_logits),)
        )


def _own_attention(original: Any) -> PixelDecoderAttention:
    own = PixelDecoderAttention(
        original.d_model, original.n_heads, original.n_levels, original.n_points
    )
    own.load_state_dict(original.state_dict())
    own.eval()
    return own
