"""What a network is made of, readable without torch: one description per family."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from seg_perception.core.errors import ConfigError
from seg_perception.training.models.sizes import CONVNEXT_SIZES, VIT_SIZES, ConvNextSize, VitSize


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldCnnConfig(_Part):
    """Widths and depths of `FieldCnn`."""

    stride: ClassVar[int] = 16
    family: Literal["field_cnn"] = "field_cnn"
    stem: int = Field(default=40, ge=4, description="channels at stride 4")
    middle: int = Field(default=88, ge=4, description="channels at stride 8")
    deep: int = Field(default=184, ge=4, description="channels at stride 16")
    stem_blocks: int = Field(default=2, ge=1)
    middle_blocks: int = Field(default=3, ge=1)
    dilations: tuple[int, ...] = Field(default=(1, 2, 4, 1, 2, 4, 8), min_length=1)
    pyramid_bins: tuple[int, ...] = Field(default=(1, 2, 3, 6), min_length=1)
    decoder: int = Field(default=96, ge=4, description="channels of the feature pyramid")


class FieldLiteConfig(_Part):
    """Depth of the EfficientNet-Lite0 encoder and widths of `FieldLite`."""

    stride: ClassVar[int] = 32
    family: Literal["field_lite"]
    pretrained: bool = Field(
        default=False, description="start a training from the encoder's public ImageNet weights"
    )
    blocks: int = Field(default=13, ge=12, le=16, description="of the encoder's 16")
    pyramid_bins: tuple[int, ...] = Field(default=(1, 2, 3, 6), min_length=1)
    decoder: int = Field(default=128, ge=8, multiple_of=4, description="channels at stride 16")


class _Backbone(_Part):
    pretrained: str = Field(
        default="", description="weights to start a training from: a file, a folder, or `hub`"
    )
    frozen: bool = Field(default=False, description="leave the backbone as it was loaded")
    drop_path: float = Field(default=0.0, ge=0, lt=1, description="stochastic depth in training")


class VitConfig(_Backbone):
    """A DINOv3 vision transformer with patches of 16x16 pixels."""

    kind: Literal["vit"] = "vit"
    size: Literal["tiny", "S", "S+", "B", "L", "H+"] = "L"
    width: int | None = Field(default=None, ge=8, description="instead of the size's own")
    depth: int | None = Field(default=None, ge=1, description="instead of the size's own")
    heads: int | None = Field(default=None, ge=1, description="instead of the size's own")
    registers: int = Field(default=4, ge=0, description="register tokens")
    layer_scale: float = Field(
        default=1.0, gt=0, description="start value, where nothing is loaded"
    )

    @property
    def shape(self) -> VitSize:
        """Width, depth and the rest after the overrides."""
        size = VIT_SIZES[self.size]
        width = self.width or size.width
        return replace(
            size,
            width=width,
            depth=self.depth or size.depth,
            heads=self.heads or size.heads,
            feedforward=size.feedforward * width // size.width,
            hub=size.hub if (self.width, self.depth, self.heads) == (None, None, None) else "",
        )

    @model_validator(mode="after")
    def _divisible(self) -> VitConfig:
        shape = self.shape
        if shape.width % (4 * shape.heads):
            msg = f"width {shape.width}: expected a multiple of four times the {shape.heads} heads"
            raise ValueError(msg)
        return self


class ConvNextConfig(_Backbone):
    """A DINOv3 ConvNeXt: four stages, strides 4 to 32, no adapter needed."""

    kind: Literal["convnext"] = "convnext"
    size: Literal["micro", "tiny", "small", "base", "large"] = "tiny"
    widths: tuple[int, int, int, int] | None = Field(default=None, description="of the stages")
    depths: tuple[int, int, int, int] | None = Field(default=None, description="of the stages")
    layer_scale: float = Field(
        default=1e-6, gt=0, description="start value, where nothing is loaded"
    )

    @property
    def shape(self) -> ConvNextSize:
        """Widths and depths after the overrides."""
        size = CONVNEXT_SIZES[self.size]
        return ConvNextSize(
            self.widths or size.widths,
            self.depths or size.depths,
            size.hub if (self.widths, self.depths) == (None, None) else "",
        )


class Lite0Config(_Part):
    """The encoder of EfficientNet-Lite0 under a mask head: no DINOv3, but small and trained."""

    kind: Literal["lite0"]
    pretrained: bool = Field(default=False, description="start from public ImageNet weights")
    blocks: int = Field(default=13, ge=12, le=16, description="of the encoder's 16")


BackboneConfig = Annotated[VitConfig | ConvNextConfig | Lite0Config, Field(discriminator="kind")]


class AdapterConfig(_Part):
    """How a plain transformer's tokens become maps at strides 4 to 32 (ViT-Adapter)."""

    prior_width: int = Field(default=64, ge=4, description="channels of the convolutional prior")
    interactions: tuple[int, ...] | None = Field(
        default=None,
        description="blocks (from 0) after which the maps read the tokens; "
        "default: the last block of each quarter, of 24 blocks 4, 11, 17, 23",
    )
    injector: bool = Field(default=False, description="also write the maps into the tokens")
    heads: int = Field(default=16, ge=1, description="of the deformable attention")
    points: int = Field(default=4, ge=1, description="samples per head and level")
    value_ratio: float = Field(default=0.5, gt=0, le=1, description="inner width of the attention")
    feedforward_ratio: float = Field(default=0.25, gt=0, description="inner width after it")
    extra_extractors: int = Field(default=2, ge=0, description="more readings after the last block")
    add_tokens: bool = Field(default=True, description="add the tokens' maps to the result")

    def ends(self, depth: int) -> tuple[int, ...]:
        """Blocks after which the maps read the tokens, ascending, the last block included.

        Args:
            depth: how many blocks there are.

        Raises:
            ValueError: `interactions` is not ascending up to the last block.
        """
        if self.interactions is None:
            if depth == 24:
                return (4, 11, 17, 23)
            return tuple(
                sorted({max(depth * n // 4, n) - 1 for n in range(1, 5)} & set(range(depth)))
            )
        ends = self.interactions
        if not ends or list(ends) != sorted(set(ends)) or ends[0] < 0 or ends[-1] != depth - 1:
            msg = (
                f"adapter.interactions: expected ascending blocks that end with the last one, "
                f"{depth - 1}, got {list(ends)}"
            )
            raise ValueError(msg)
        return ends


class MaskHeadConfig(_Part):
    """Pixel decoder and transformer decoder of Mask2Former."""

    width: int = Field(default=256, ge=32, description="channels; a multiple of 32")
    queries: int = Field(default=100, ge=1)
    heads: int = Field(default=8, ge=1)
    encoder_layers: int = Field(default=6, ge=1, description="deformable attention, pixel decoder")
    encoder_feedforward: int = Field(default=1024, ge=1)
    decoder_layers: int = Field(default=9, ge=1, description="masked attention")
    decoder_feedforward: int = Field(default=2048, ge=1)

    @model_validator(mode="after")
    def _divisible(self) -> MaskHeadConfig:
        if self.width % 32 or self.width % self.heads or self.width % 4:
            msg = f"width {self.width}: expected a multiple of 32 and of the {self.heads} heads"
            raise ValueError(msg)
        return self


class Mask2FormerConfig(_Part):
    """DINOv3, with an adapter where it is a plain transformer, and Mask2Former's decoders."""

    family: Literal["mask2former"] = "mask2former"
    backbone: BackboneConfig = Field(default_factory=VitConfig)
    adapter: AdapterConfig = Field(
        default_factory=AdapterConfig, description="of a plain transformer"
    )
    head: MaskHeadConfig = Field(default_factory=MaskHeadConfig)
    auxiliary: bool = Field(
        default=False, description="class scores per pixel beside the masks, in training alone"
    )

    @property
    def stride(self) -> int:
        """What width and height of an image are multiples of, as for the other families."""
        return 16 if isinstance(self.backbone, VitConfig) else 32

    @model_validator(mode="after")
    def _fitting(self) -> Mask2FormerConfig:
        if isinstance(self.backbone, VitConfig):
            self.adapter.ends(self.backbone.shape.depth)
            inner = self.backbone.shape.width * self.adapter.value_ratio
            if inner % self.adapter.heads:
                msg = (
                    f"adapter: {inner:g} channels are no multiple of {self.adapter.heads} heads; "
                    "change heads or value_ratio"
                )
                raise ValueError(msg)
        return self


class EomtConfig(_Part):
    """DINOv3 whose last blocks carry the queries themselves (EoMT): no adapter, no decoders."""

    stride: ClassVar[int] = 16
    family: Literal["eomt"] = "eomt"
    backbone: VitConfig = Field(default_factory=VitConfig)
    queries: int = Field(default=100, ge=1)
    query_blocks: int = Field(default=4, ge=1, description="last blocks, which see the queries")
    upscale_blocks: int = Field(default=2, ge=0, description="doublings of the mask's resolution")

    @model_validator(mode="after")
    def _fitting(self) -> EomtConfig:
        if self.query_blocks > self.backbone.shape.depth:
            msg = (
                f"query_blocks: expected at most {self.backbone.shape.depth}, the backbone's depth"
            )
            raise ValueError(msg)
        return self


def expect_multiples(stride: int, size: tuple[int, int], what: str = "size") -> None:
    """Refuse a width and height that are no multiples of a network's stride.

    Raises:
        ConfigError: they are not.
    """
    width, height = size
    if width < stride or height < stride or width % stride or height % stride:
        fitting = "x".join(str(max(stride, round(n / stride) * stride)) for n in size)
        msg = (
            f"{what} {width}x{height}: expected multiples of {stride}, the network's stride; "
            f"for instance {fitting}"
        )
        raise ConfigError(msg)


def _family(value: Any) -> str:
    """Name the family; files older than the choice hold a `field_cnn`."""
    if isinstance(value, BaseModel):
        return str(getattr(value, "family", ""))
    return str(value.get("family", "field_cnn")) if isinstance(value, dict) else ""


ModelConfig = Annotated[
    Annotated[FieldCnnConfig, Tag("field_cnn")]
    | Annotated[FieldLiteConfig, Tag("field_lite")]
    | Annotated[Mask2FormerConfig, Tag("mask2former")]
    | Annotated[EomtConfig, Tag("eomt")],
    Discriminator(_family),
]
