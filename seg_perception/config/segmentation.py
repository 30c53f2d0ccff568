"""Parameters of the network: which model runs, and on which engine."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from seg_perception.config.parameter_group import EXPERT, LIVE, ParameterGroup

_PRECISIONS = "fp32|fp16_islands|fp16_islands_fp32_attention|bf16_islands|int8"
ChainEntry = Annotated[
    str,
    StringConstraints(
        pattern=rf"^(onnxruntime/\w+|tensorrt/(plain|((none|grid_sample|gather)_)?({_PRECISIONS})))$"
    ),
]
DEFAULT_CHAIN = (
    "tensorrt/fp16_islands",
    "tensorrt/fp16_islands_fp32_attention",
    "tensorrt/fp32",
    "onnxruntime/CUDAExecutionProvider",
    "onnxruntime/TensorrtExecutionProvider",
    "onnxruntime/CPUExecutionProvider",
)


class SegmentationConfig(ParameterGroup):
    """Which model runs, and where."""

    bundle: str = Field(
        default="field_tiny", description="Shipped bundle's name, or path of a bundle folder or zip"
    )
    engine: Literal["auto", "onnxruntime", "tensorrt"] = Field(
        default="auto", description="auto: the whole chain; else its entries of this runtime"
    )
    chain: list[ChainEntry] = Field(
        json_schema_extra=EXPERT,
        default=list(DEFAULT_CHAIN),
        min_length=1,
        description="Engines in the order in which they are tried, at start and after a failure: "
        "tensorrt/<precision or variant> or onnxruntime/<provider>",
    )
    threads: int = Field(
        default=0, ge=0, le=256, description="Threads of one inference; 0 lets the engine choose"
    )
    min_confidence: float = Field(
        json_schema_extra=LIVE, default=0.0, ge=0, le=1, description="Pixels below it are unknown"
    )
    scale_by_familiarity: bool = Field(
        json_schema_extra=EXPERT,
        default=False,
        description="Divide the confidence by how many times farther than known ones a picture, or "
        "a part of it, is; needs a bundle with familiarity",
    )
    output_size: Literal["network", "input"] = Field(
        default="network", description="Publish label maps at the network's or at the image's size"
    )
    decode: Literal["full", "reduced"] = Field(
        json_schema_extra=EXPERT,
        default="full",
        description="reduced: JPEG images are decoded at a half, a quarter or an eighth of their "
        "size, as long as that is no less than the network's; needs output_size network",
    )
    min_golden_agreement: float = Field(
        json_schema_extra=EXPERT,
        default=0.995,
        ge=0,
        le=1,
        description="Share of golden labels that an engine must reproduce",
    )
    max_golden_confidence_error: float = Field(
        json_schema_extra=EXPERT,
        default=0.05,
        ge=0,
        le=1,
        description="Mean error of the golden confidences, where the bundle has them",
    )
    spot_check_period_s: float = Field(
        json_schema_extra=EXPERT,
        default=30.0,
        ge=0,
        le=86400,
        description="How often a live frame is compared with ONNX Runtime on the CPU; 0: never",
    )
    spot_check_min_agreement: float = Field(
        json_schema_extra=EXPERT,
        default=0.97,
        ge=0,
        le=1,
        description="Share of equal labels below which an engine is quarantined",
    )
    spot_check_max_load: float = Field(
        json_schema_extra=EXPERT,
        default=0.1,
        gt=0,
        le=1,
        description="Share of one core that the comparison may take",
    )


class TensorRtConfig(ParameterGroup):
    """How TensorRT engines are built, kept and run."""

    module: Literal["auto", "tensorrt", "tensorrt_rtx"] = Field(
        json_schema_extra=EXPERT,
        default="auto",
        description="Python module; auto: tensorrt, else tensorrt_rtx",
    )
    device: int = Field(default=0, ge=0, le=63, description="Index of the CUDA device")
    cache: str = Field(
        default="", description="Folder of built engines; empty: seg_perception in the user's cache"
    )
    on_missing: Literal["build", "fail"] = Field(
        default="build", description="fail: never build; the next entry of the chain is tried"
    )
    build_only: bool = Field(
        default=False, description="Build and self-test the engine, then end without a subscription"
    )
    build_timeout_s: float = Field(
        json_schema_extra=EXPERT,
        default=7200.0,
        gt=0,
        le=86400,
        description="A build that takes longer is ended",
    )
    build_silence_s: float = Field(
        json_schema_extra=EXPERT,
        default=900.0,
        gt=0,
        le=86400,
        description="A builder silent for so long hangs and is ended",
    )
    workspace_mib: int = Field(
        json_schema_extra=EXPERT,
        default=0,
        ge=0,
        le=1048576,
        description="Scratch memory of one layer; 0: TensorRT's choice",
    )
    optimization_level: int = Field(
        json_schema_extra=EXPERT,
        default=3,
        ge=0,
        le=5,
        description="Of the builder: higher builds longer",
    )
    memory: Literal["auto", "pinned", "mapped"] = Field(
        json_schema_extra=EXPERT,
        default="auto",
        description="mapped: no copies, for memory that CPU and GPU share; auto: there only",
    )
