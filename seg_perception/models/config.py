"""What a network is made of, readable without torch: one description per family."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldCnnConfig(_Part):
    """Widths and depths of `FieldCnn`."""

    family: Literal["field_cnn"] = "field_cnn"
    stem: int = Field(default=40, ge=4, description="channels at stride 4")
    middle: int = Field(default=88, ge=4, description="channels at stride 8")
    deep: int = Field(default=184, ge=4, description="channels at stride 16")
    stem_blocks: int = Field(default=2, ge=1)
    middle_blocks: int = Field(default=3, ge=1)
    dilations: tuple[int, ...] = Field(default=(1, 2, 4, 1, 2, 4, 8), min_length=1)
    pyramid_bins: tuple[int, ...] = Field(default=(1, 2, 3, 6), min_length=1)
    decoder: int = Field(default=96, ge=4, description="channels of the feature pyramid")


def _family(value: Any) -> str:
    """Name the family; files older than the choice hold a `field_cnn`."""
    if isinstance(value, BaseModel):
        return str(getattr(value, "family", ""))
    return str(value.get("family", "field_cnn")) if isinstance(value, dict) else ""


ModelConfig = Annotated[
    Annotated[FieldCnnConfig, Tag("field_cnn")],
    Discriminator(_family),
]
