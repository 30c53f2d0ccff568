"""Sizes of the networks, readable without torch."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class FieldCnnConfig(BaseModel):
    """Widths and depths of `FieldCnn`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stem: int = Field(default=40, ge=4, description="channels at stride 4")
    middle: int = Field(default=88, ge=4, description="channels at stride 8")
    deep: int = Field(default=184, ge=4, description="channels at stride 16")
    stem_blocks: int = Field(default=2, ge=1)
    middle_blocks: int = Field(default=3, ge=1)
    dilations: tuple[int, ...] = Field(default=(1, 2, 4, 1, 2, 4, 8), min_length=1)
    pyramid_bins: tuple[int, ...] = Field(default=(1, 2, 3, 6), min_length=1)
    decoder: int = Field(default=96, ge=4, description="channels of the feature pyramid")
