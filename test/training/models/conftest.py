"""Members of every family with two blocks, small enough for any test."""

from __future__ import annotations

import pytest

from seg_perception.training.models.config import (
    AdapterConfig,
    ConvNextConfig,
    EomtConfig,
    Lite0Config,
    Mask2FormerConfig,
    MaskHeadConfig,
    ModelConfig,
    VitConfig,
)

VIT = VitConfig(size="tiny", width=64, heads=2, depth=2)
HEAD = MaskHeadConfig(
    width=32,
    queries=6,
    heads=2,
    encoder_layers=1,
    encoder_feedforward=32,
    decoder_layers=3,
    decoder_feedforward=32,
)
ADAPTER = AdapterConfig(prior_width=8, heads=4)
CONVNEXT = ConvNextConfig(widths=(8, 16, 24, 32), depths=(1, 1, 1, 1), layer_scale=0.5)


@pytest.fixture(scope="session")
def tiny_presets() -> dict[str, ModelConfig]:
    """One small network a family and variant."""
    injecting = ADAPTER.model_copy(update={"injector": True})
    return {
        "mask2former": Mask2FormerConfig(backbone=VIT, adapter=ADAPTER, head=HEAD),
        "injector": Mask2FormerConfig(backbone=VIT, adapter=injecting, head=HEAD, auxiliary=True),
        "convnext": Mask2FormerConfig(backbone=CONVNEXT, head=HEAD),
        "lite0": Mask2FormerConfig(backbone=Lite0Config(kind="lite0", blocks=12), head=HEAD),
        "eomt": EomtConfig(backbone=VIT, query_blocks=1, queries=6),
    }
