"""DINOv3 backbones of `transformers`, made from this project's configuration."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from transformers import (
    DINOv3ConvNextConfig,
    DINOv3ConvNextModel,
    DINOv3ViTConfig,
    DINOv3ViTModel,
)

from seg_perception.training.models.config import ConvNextConfig, VitConfig
from seg_perception.training.models.network import Pyramid
from seg_perception.training.models.position_embedding import FixedRope

PATCH = 16
ROPE_BASE = 100.0


def make_vit(config: VitConfig) -> DINOv3ViTModel:
    """A DINOv3 vision transformer, randomly initialised, its position tables fixed."""
    shape = config.shape
    model = DINOv3ViTModel(
        DINOv3ViTConfig(
            patch_size=PATCH,
            hidden_size=shape.width,
            intermediate_size=shape.feedforward,
            num_hidden_layers=shape.depth,
            num_attention_heads=shape.heads,
            hidden_act="silu" if shape.gated else "gelu",
            use_gated_mlp=shape.gated,
            num_register_tokens=config.registers,
            layerscale_value=config.layer_scale,
            drop_path_rate=config.drop_path,
            rope_theta=ROPE_BASE,
        )
    )
    model.rope_embeddings = fixed_rope(model.rope_embeddings, config)
    return model


def fixed_rope(original: nn.Module, config: VitConfig) -> FixedRope:
    """The stand-in for the rotary embedding of a backbone."""
    return FixedRope(original, PATCH, config.shape.width // config.shape.heads, ROPE_BASE)


class VitTokens(nn.Module):
    """A vision transformer that can be run in parts.

    Args:
        config: which one.
    """

    def __init__(self, config: VitConfig) -> None:
        """Make it; a frozen one is never trained."""
        super().__init__()
        self.model = make_vit(config)
        self.prefix = 1 + config.registers
        self._frozen = config.frozen
        freeze(self.model, frozen=config.frozen)

    def train(self, mode: bool = True) -> VitTokens:  # noqa: FBT001, FBT002 (torch calls it so)
        """Switch to training, but for a frozen backbone."""
        super().train(mode)
        if self._frozen:
            self.model.eval()
        return self

    def embed(self, image: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Tokens, float (B, prefix + patches, C), of an image, and the angles of their places."""
        return self.model.embeddings(image), self.model.rope_embeddings(image)

    def run(self, tokens: Tensor, angles: tuple[Tensor, Tensor], blocks: range) -> Tensor:
        """Pass tokens, float (B, prefix + patches, C), through some of the blocks."""
        for block in blocks:
            tokens = self.model.model.layer[block](tokens, position_embeddings=angles)
        return tokens

    def read(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised class token, float (B, C), and patch tokens, float (B, patches, C)."""
        normal = self.model.norm(tokens)
        return normal[:, 0], normal[:, self.prefix :]


class ConvNextPyramid(nn.Module):
    """A DINOv3 ConvNeXt as a pyramid; its four stages are the maps.

    Args:
        config: which one.
    """

    def __init__(self, config: ConvNextConfig) -> None:
        """Make it; a frozen one is never trained."""
        super().__init__()
        shape = config.shape
        self.channels: Sequence[int] = shape.widths
        self.model = DINOv3ConvNextModel(
            DINOv3ConvNextConfig(
                hidden_sizes=list(shape.widths),
                depths=list(shape.depths),
                layer_scale_init_value=config.layer_scale,
                drop_path_rate=config.drop_path,
            )
        )
        self._frozen = config.frozen
        freeze(self.model, frozen=config.frozen)

    def train(self, mode: bool = True) -> ConvNextPyramid:  # noqa: FBT001, FBT002
        """Switch to training, but for a frozen backbone."""
        super().train(mode)
        if self._frozen:
            self.model.eval()
        return self

    def forward(self, image: Tensor) -> Pyramid:
        """Maps of an image, float (B, 3, H, W); the image token is the last one's normal mean."""
        maps = []
        x = image
        for stage in self.model.model.stages:
            x = stage(x)
            maps.append(x)
        return Pyramid(tuple(maps), self.model.layer_norm(x.mean(dim=(2, 3))))


def freeze(module: nn.Module, *, frozen: bool) -> None:
    """Keep a module's weights out of training."""
    if frozen:
        module.eval().requires_grad_(requires_grad=False)


def patch_map(tokens: Tensor, image: Tensor) -> Tensor:
    """Patch tokens, float (B, patches, C), as a map (B, C, H/16, W/16)."""
    size = (image.shape[-2] // PATCH, image.shape[-1] // PATCH)
    return tokens.transpose(1, 2).unflatten(2, size)
