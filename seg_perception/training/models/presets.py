"""Configurations of the families that have a name, for tables and configurations."""

from __future__ import annotations

from seg_perception.training.models.config import (
    ConvNextConfig,
    EomtConfig,
    FieldCnnConfig,
    Mask2FormerConfig,
    MaskHeadConfig,
    ModelConfig,
    VitConfig,
)

# The head that DINOv3's authors published is this wide.
_WIDE = MaskHeadConfig(width=2048, heads=16, encoder_feedforward=4096, decoder_feedforward=4096)
_SMALL = MaskHeadConfig(
    width=96,
    queries=24,
    heads=4,
    encoder_layers=2,
    encoder_feedforward=192,
    decoder_layers=3,
    decoder_feedforward=192,
)


def presets() -> dict[str, ModelConfig]:
    """Configurations by name."""
    found: dict[str, ModelConfig] = {"field_cnn": FieldCnnConfig()}
    micro = ConvNextConfig(size="micro")
    found["mask2former convnext-micro"] = Mask2FormerConfig(backbone=micro, head=_SMALL)
    for convnext in ("tiny", "small", "base", "large"):
        backbone = ConvNextConfig.model_validate({"size": convnext})
        found[f"mask2former convnext-{convnext}"] = Mask2FormerConfig(backbone=backbone)
    for size in ("tiny", "S", "S+", "B", "L", "H+"):
        vit = VitConfig.model_validate({"size": size})
        head = _SMALL if size == "tiny" else MaskHeadConfig()
        found[f"mask2former {size}"] = Mask2FormerConfig(backbone=vit, head=head)
        found[f"eomt {size}"] = EomtConfig(backbone=vit)
    found["mask2former L, head 2048"] = Mask2FormerConfig(backbone=VitConfig(size="L"), head=_WIDE)
    return found
