"""DINOv3, or another backbone, with Mask2Former's decoders.

Cheng et al., "Masked-attention Mask Transformer for Universal Image Segmentation",
CVPR 2022. The decoders are those of `transformers`; their deformable attention is this
project's, which exists in two samplings.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import relu
from transformers import Mask2FormerConfig as OriginalConfig
from transformers.models.mask2former.modeling_mask2former import (
    Mask2FormerPixelDecoder,
    Mask2FormerPreTrainedModel,
    Mask2FormerTransformerModule,
)

from seg_perception.training.models.adapter import AdapterPyramid
from seg_perception.training.models.config import (
    Lite0Config,
    Mask2FormerConfig,
    MaskHeadConfig,
    VitConfig,
)
from seg_perception.training.models.deformable import PixelDecoderAttention
from seg_perception.training.models.dinov3 import ConvNextPyramid
from seg_perception.training.models.efficientnet_lite0 import Lite0Pyramid
from seg_perception.training.models.network import MaskLayer, NetworkOutput, SegmentationNetwork
from seg_perception.training.models.position_embedding import FixedSine

_POINTS, _LEVELS = 4, 3


class MaskHead(Mask2FormerPreTrainedModel):
    """Pixel decoder, transformer decoder and class predictor.

    Args:
        config: widths and depths.
        channels: of the four maps, finest first.
        class_count: number of classes.
    """

    def __init__(self, config: MaskHeadConfig, channels: Sequence[int], class_count: int) -> None:
        """Make the layers of `transformers`, initialise them, and exchange the attention."""
        original = _original_config(config, class_count)
        super().__init__(original)
        with warnings.catch_warnings():
            # About the width of an attention that is exchanged below.
            warnings.filterwarnings("ignore", "You'd better set embed_dim")
            self.pixel_decoder = Mask2FormerPixelDecoder(original, list(channels))
        self.transformer = Mask2FormerTransformerModule(config.width, original)
        self.class_predictor = nn.Linear(config.width, class_count + 1)
        self.post_init()
        for layer in self.pixel_decoder.encoder.layers:
            layer.self_attn = PixelDecoderAttention(config.width, config.heads, _LEVELS, _POINTS)
        self.pixel_decoder.position_embedding = FixedSine(config.width)
        self.transformer.position_embedder = FixedSine(config.width)

    def forward(self, maps: Sequence[Tensor]) -> tuple[tuple[MaskLayer, ...], Tensor]:
        """Predictions of every layer, the answer last, and the mask features.

        Args:
            maps: float (B, C, H/s, W/s) at strides s of 4, 8, 16 and 32.

        Returns:
            The layers, and float (B, width, H/4, W/4).
        """
        decoded = self.pixel_decoder(tuple(maps))
        found = self.transformer(decoded.multi_scale_features, decoded.mask_features)
        layers = tuple(
            MaskLayer(self.class_predictor(queries.transpose(0, 1)), masks)
            for queries, masks in zip(
                found.intermediate_hidden_states, found.masks_queries_logits, strict=True
            )
        )
        return layers, decoded.mask_features


class Mask2Former(SegmentationNetwork):
    """Masks at a quarter of the image's size.

    Args:
        config: backbone, adapter, head.
        class_count: number of classes.
        coarse_count: coarse categories that the image token tells; 0: none.
    """

    def __init__(self, config: Mask2FormerConfig, class_count: int, coarse_count: int = 0) -> None:
        """Make the layers, randomly initialised."""
        super().__init__()
        backbone = config.backbone
        if isinstance(backbone, VitConfig):
            self.backbone: nn.Module = AdapterPyramid(backbone, config.adapter)
            self.stride, token_width = 16, backbone.shape.width
        else:
            self.backbone = (
                Lite0Pyramid(backbone)
                if isinstance(backbone, Lite0Config)
                else ConvNextPyramid(backbone)
            )
            self.stride, token_width = 32, self.backbone.channels[-1]
        self.head = MaskHead(config.head, self.backbone.channels, class_count)
        self.coarse = nn.Linear(token_width, coarse_count) if coarse_count else None
        self.auxiliary = nn.Conv2d(config.head.width, class_count, 1) if config.auxiliary else None

    def forward(self, x: Tensor) -> NetworkOutput:
        """Segment normalised images, float (B, 3, H, W)."""
        pyramid = self.backbone(x)
        layers, features = self.head(pyramid.maps)
        auxiliary = None
        if self.auxiliary is not None and self.training:
            auxiliary = self.auxiliary(relu(features))
        coarse = None if self.coarse is None else self.coarse(pyramid.image_token)
        kept = layers if self.training else layers[-1:]
        return NetworkOutput(layers=kept, coarse_logits=coarse, auxiliary=auxiliary)


def _original_config(config: MaskHeadConfig, class_count: int) -> OriginalConfig:
    return OriginalConfig(
        feature_size=config.width,
        mask_feature_size=config.width,
        hidden_dim=config.width,
        num_queries=config.queries,
        num_attention_heads=config.heads,
        encoder_layers=config.encoder_layers,
        encoder_feedforward_dim=config.encoder_feedforward,
        # That configuration counts the prediction before the first layer, too.
        decoder_layers=config.decoder_layers + 1,
        dim_feedforward=config.decoder_feedforward,
        num_labels=class_count,
    )
