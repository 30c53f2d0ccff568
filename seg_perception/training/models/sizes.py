"""Widths and depths of the DINOv3 backbones by the name of their size, and their published place.

Siméoni et al., "DINOv3", 2025, table of the model family; `tiny` and `micro` are this
project's own, to be trained from nothing.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class VitSize:
    """A vision transformer.

    Attributes:
        width: channels of a token.
        depth: blocks.
        heads: of the attention.
        feedforward: inner channels of a block's perceptron.
        gated: whether that perceptron is a SwiGLU.
        hub: name on the Hugging Face hub; "" where there are no published weights.
    """

    width: int
    depth: int
    heads: int
    feedforward: int
    gated: bool = False
    hub: str = ""


@dataclass(frozen=True)
class ConvNextSize:
    """A ConvNeXt: channels and blocks of its four stages, strides 4 to 32."""

    widths: tuple[int, int, int, int]
    depths: tuple[int, int, int, int]
    hub: str = ""


def _published(name: str) -> str:
    return f"facebook/dinov3-{name}-pretrain-lvd1689m"


VIT_SIZES = {
    "tiny": VitSize(192, 12, 3, 768),
    "S": VitSize(384, 12, 6, 1536, hub=_published("vits16")),
    "S+": VitSize(384, 12, 6, 1536, gated=True, hub=_published("vits16plus")),
    "B": VitSize(768, 12, 12, 3072, hub=_published("vitb16")),
    "L": VitSize(1024, 24, 16, 4096, hub=_published("vitl16")),
    "H+": VitSize(1280, 32, 20, 5120, gated=True, hub=_published("vith16plus")),
}
CONVNEXT_SIZES = {
    "micro": ConvNextSize((24, 48, 96, 192), (2, 2, 6, 2)),
    "tiny": ConvNextSize((96, 192, 384, 768), (3, 3, 9, 3), _published("convnext-tiny")),
    "small": ConvNextSize((96, 192, 384, 768), (3, 3, 27, 3), _published("convnext-small")),
    "base": ConvNextSize((128, 256, 512, 1024), (3, 3, 27, 3), _published("convnext-base")),
    "large": ConvNextSize((192, 384, 768, 1536), (3, 3, 27, 3), _published("convnext-large")),
}
