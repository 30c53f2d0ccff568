"""EoMT on DINOv3: the transformer itself carries the queries through its last blocks.

Kerssies et al., "Your ViT is Secretly an Image Segmentation Model", CVPR 2025; the
layers are those of `transformers`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate
from transformers import EomtDinov3Config, EomtDinov3ForUniversalSegmentation

from seg_perception.training.models.config import EomtConfig
from seg_perception.training.models.dinov3 import PATCH, ROPE_BASE, fixed_rope, freeze
from seg_perception.training.models.network import MaskLayer, NetworkOutput, SegmentationNetwork

_ANNEALING_POWER = 0.9


class Eomt(SegmentationNetwork):
    """Masks at a quarter of the image's size (with two up-scaling blocks).

    Attributes:
        mask_probabilities: per query block, how often a query's attention is held to its
            own mask in training; `set_progress` lowers it to 0 block by block, since
            evaluation and the exported graph never mask.

    Args:
        config: backbone and queries.
        class_count: number of classes.
        coarse_count: coarse categories that the class token tells; 0: none.
    """

    stride = PATCH

    def __init__(self, config: EomtConfig, class_count: int, coarse_count: int = 0) -> None:
        """Make the layers, randomly initialised."""
        super().__init__()
        shape = config.backbone.shape
        self.model = EomtDinov3ForUniversalSegmentation(_original_config(config, class_count))
        self.model.rope_embeddings = fixed_rope(self.model.rope_embeddings, config.backbone)
        self.coarse = nn.Linear(shape.width, coarse_count) if coarse_count else None
        self.mask_probabilities: Sequence[float] = (1.0,) * config.query_blocks
        self._queries, self._heads = config.queries, shape.heads
        self._first_query_block = shape.depth - config.query_blocks
        for part in (self.model.embeddings, self.model.layers):
            freeze(part, frozen=config.backbone.frozen)

    def set_progress(self, done: float) -> None:
        """Anneal the masks as EoMT does: N blocks one after the other, in N of N + 2 equal parts.

        Nothing changes in the first part; in the last one no block masks any more.
        """
        parts = len(self.mask_probabilities) + 2
        passed = (min(max(done * parts - 1 - n, 0.0), 1.0) for n in range(parts - 2))
        self.mask_probabilities = tuple((1 - share) ** _ANNEALING_POWER for share in passed)

    def forward(self, x: Tensor) -> NetworkOutput:
        """Segment normalised images, float (B, 3, H, W)."""
        model = self.model
        model.grid_size = (int(x.shape[2]) // PATCH, int(x.shape[3]) // PATCH)
        tokens = model.embeddings(x)
        angles = model.rope_embeddings(x)
        layers, mask = [], None
        for index, block in enumerate(model.layers):
            if index == self._first_query_block:
                queries = model.query.weight[None].expand(len(tokens), -1, -1)
                tokens = torch.cat([queries, tokens], dim=1)
            if self.training and index >= self._first_query_block:
                layers.append(self._predict(tokens))
                probability = self.mask_probabilities[index - self._first_query_block]
                mask = self._attention_mask(tokens, layers[-1].mask_logits, probability)
            tokens = block(tokens, attention_mask=mask, position_embeddings=angles)
        layers.append(self._predict(tokens))
        class_token = model.layernorm(tokens)[:, self._queries]
        coarse = None if self.coarse is None else self.coarse(class_token)
        return NetworkOutput(layers=tuple(layers), coarse_logits=coarse)

    def _predict(self, tokens: Tensor) -> MaskLayer:
        masks, classes = self.model.predict(self.model.layernorm(tokens))
        return MaskLayer(classes, masks)

    def _attention_mask(
        self, tokens: Tensor, mask_logits: Tensor, probability: float
    ) -> Tensor | None:
        """Additive mask (B, heads, T, T): of the patches, each query sees its own mask's alone.

        Queries, class token and registers stay in view, so that no softmax is empty.
        """
        if probability == 0:
            return None
        batch, count = len(tokens), tokens.shape[1]
        inside = (
            interpolate(
                mask_logits.detach(), self.model.grid_size, mode="bilinear", align_corners=False
            ).flatten(2)
            > 0
        )
        free = torch.rand(batch, self._queries, 1, device=tokens.device) > probability
        inside = inside | free
        allowed = torch.ones(batch, count, count, dtype=torch.bool, device=tokens.device)
        allowed[:, : self._queries, count - inside.shape[-1] :] = inside
        blocked = torch.zeros_like(allowed, dtype=tokens.dtype).masked_fill(
            ~allowed, torch.finfo(tokens.dtype).min
        )
        return blocked[:, None].expand(-1, self._heads, -1, -1)


def _original_config(config: EomtConfig, class_count: int) -> EomtDinov3Config:
    shape = config.backbone.shape
    return EomtDinov3Config(
        hidden_size=shape.width,
        num_hidden_layers=shape.depth,
        num_attention_heads=shape.heads,
        intermediate_size=shape.feedforward,
        hidden_act="silu" if shape.gated else "gelu",
        use_gated_mlp=shape.gated,
        num_register_tokens=config.backbone.registers,
        layerscale_value=config.backbone.layer_scale,
        drop_path_rate=config.backbone.drop_path,
        num_queries=config.queries,
        num_blocks=config.query_blocks,
        num_upscale_blocks=config.upscale_blocks,
        # Sizes are set for each image; the rotary embedding knows none.
        image_size=PATCH,
        patch_size=PATCH,
        rope_parameters={"rope_type": "default", "rope_theta": ROPE_BASE},
        num_labels=class_count,
    )
