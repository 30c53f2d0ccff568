"""The parameters of each stage: names, defaults, ranges and descriptions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from seg_perception.core.types import clean_frame_id

FrameId = Annotated[str, AfterValidator(clean_frame_id)]

_PRECISIONS = "fp32|fp16_islands|fp16_islands_fp32_attention|bf16_islands"
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


# A parameter with this mark may be changed while the node works.
LIVE: JsonDict = {"live": True}


class ParameterGroup(BaseModel):
    """A group of parameters; unknown keys and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class SegmentationConfig(ParameterGroup):
    """Which model runs, and where."""

    bundle: str = Field(
        default="field_tiny", description="Shipped bundle's name, or path of a bundle folder or zip"
    )
    engine: Literal["auto", "onnxruntime", "tensorrt"] = Field(
        default="auto", description="auto: the whole chain; else its entries of this runtime"
    )
    chain: list[ChainEntry] = Field(
        default=list(DEFAULT_CHAIN),
        min_length=1,
        description="Engines in the order in which they are tried, at start and after a failure: "
        "tensorrt/<precision or form> or onnxruntime/<provider>",
    )
    threads: int = Field(
        default=0, ge=0, le=256, description="Threads of one inference; 0 lets the engine choose"
    )
    min_confidence: float = Field(
        json_schema_extra=LIVE, default=0.0, ge=0, le=1, description="Pixels below it are unknown"
    )
    output_size: Literal["network", "input"] = Field(
        default="network", description="Publish label maps at the network's or at the image's size"
    )
    min_golden_agreement: float = Field(
        default=0.995,
        ge=0,
        le=1,
        description="Share of golden labels that an engine must reproduce",
    )
    max_golden_confidence_error: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Mean error of the golden confidences, where the bundle has them",
    )
    spot_check_period_s: float = Field(
        default=30.0,
        ge=0,
        le=86400,
        description="How often a live frame is compared with ONNX Runtime on the CPU; 0: never",
    )
    spot_check_min_agreement: float = Field(
        default=0.97, ge=0, le=1, description="Share of equal labels below which an engine goes"
    )
    spot_check_max_load: float = Field(
        default=0.1, gt=0, le=1, description="Share of one core that the comparison may take"
    )


class TensorRtConfig(ParameterGroup):
    """How TensorRT engines are built, kept and run."""

    module: Literal["auto", "tensorrt", "tensorrt_rtx"] = Field(
        default="auto", description="Python module; auto: tensorrt, else tensorrt_rtx"
    )
    device: int = Field(default=0, ge=0, le=63, description="Index of the CUDA device")
    cache: str = Field(
        default="", description="Folder of built engines; empty: seg_perception in the user's cache"
    )
    on_missing: Literal["build", "fail"] = Field(
        default="build", description="fail: never build; the next entry of the chain is tried"
    )
    build_only: bool = Field(
        default=False, description="Build and prove the engine, then end without a subscription"
    )
    build_timeout_s: float = Field(
        default=7200.0, gt=0, le=86400, description="A build that takes longer is ended"
    )
    build_silence_s: float = Field(
        default=900.0, gt=0, le=86400, description="A builder silent for so long hangs and is ended"
    )
    workspace_mib: int = Field(
        default=0, ge=0, le=1048576, description="Scratch memory of one layer; 0: TensorRT's choice"
    )
    optimization_level: int = Field(
        default=3, ge=0, le=5, description="Of the builder: higher builds longer"
    )
    memory: Literal["auto", "pinned", "mapped"] = Field(
        default="auto",
        description="mapped: no copies, for memory that CPU and GPU share; auto: there only",
    )


class SynchronizerConfig(ParameterGroup):
    """Which label map a cloud may take, and how long it waits for a better one."""

    buffer_size: int = Field(default=8, ge=1, le=1000, description="Label maps kept per camera")
    max_wait_s: float = Field(
        default=0.3, ge=0, le=60, description="Longest wait of a cloud for a newer label map"
    )
    max_gap_s: float = Field(
        default=0.25, gt=0, le=60, description="Largest time between a cloud and its label map"
    )
    queue_size: int = Field(
        default=8, ge=1, le=1000, description="Clouds that may wait per sensor; the oldest goes"
    )


class TransformsConfig(ParameterGroup):
    """How /tf is kept and read."""

    fixed_frame: FrameId = Field(
        default="odom", description="Frame through which motion between two stamps is compensated"
    )
    odometry_topic: str = Field(
        default="",
        description="nav_msgs/Odometry that moves its child frame where /tf does not; empty: none",
    )
    buffer_s: float = Field(
        default=10.0, gt=0, le=3600, description="Seconds of timed transforms kept"
    )
    max_extrapolation_s: float = Field(
        default=0.0, ge=0, le=10, description="Beyond the last transform, at most this"
    )
    deskew: bool = Field(
        default=True, description="Use the cloud's per-point time, where it has one"
    )
    max_interpolation_s: float = Field(
        default=1.0, gt=0, le=60, description="Widest gap between samples to interpolate"
    )


class TransferConfig(ParameterGroup):
    """From label maps to points."""

    min_range_m: float = Field(
        json_schema_extra=LIVE, default=0.3, ge=0, le=1000, description="Nearer points stay unknown"
    )
    max_range_m: float = Field(
        json_schema_extra=LIVE,
        default=200.0,
        gt=0,
        le=10000,
        description="Farther points stay unknown",
    )
    cell_px: int = Field(
        default=0,
        ge=0,
        le=512,
        description="Cell of the depth buffer; 0: half the points' spacing in the image",
    )
    accumulated_scans: int = Field(
        default=0,
        ge=0,
        le=20,
        description="Earlier scans of a lidar that fill its depth buffer, moved by transforms",
    )
    hidden_ratio: float = Field(
        default=1.2,
        gt=1,
        le=1e6,
        description="A point this many times as far as those around it under its label is hidden",
    )
    even_ratio: float = Field(
        default=1.2,
        gt=1,
        le=1e6,
        description="Confidence: so many times as far, a point is as likely hidden as seen",
    )
    even_steepness: float = Field(
        default=20.0,
        gt=0,
        le=100,
        description="Confidence: power with which the odds of being hidden grow with that ratio",
    )
    pixel_sigma_px: float = Field(
        default=1.0,
        gt=0,
        le=100,
        description="Standard error of a point's pixel where calibration and time are exact",
    )
    time_sigma_s: float = Field(
        default=0.002,
        ge=0,
        le=1,
        description="Standard error of the time between cloud and image",
    )
    time_gap_halving_s: float = Field(
        default=1.0,
        gt=0,
        le=3600,
        description="Time between cloud and image that halves confidence",
    )
    min_confidence: float = Field(
        json_schema_extra=LIVE, default=0.0, ge=0, le=1, description="Points below it are unknown"
    )


class RadarTransferConfig(ParameterGroup):
    """From label maps to radar returns, over the footprint of the bearing error."""

    azimuth_sigma_rad: float = Field(
        default=0.01, gt=0, le=1, description="Standard error of azimuth"
    )
    elevation_sigma_rad: float = Field(
        default=0.02, gt=0, le=1, description="Standard error of elevation"
    )
    range_sigma_m: float = Field(default=0.15, gt=0, le=10, description="Standard error of range")
    lidar_gap_s: float = Field(
        default=0.15,
        ge=0,
        le=10,
        description="A labelled lidar scan at most so far in time is asked too; 0: none is",
    )
    moving_mps: float = Field(
        default=0.5,
        gt=0,
        le=100,
        description="What recedes or nears so much faster than things at rest moves by itself",
    )
    samples: int = Field(
        default=25, ge=1, le=400, description="Points of the footprint that are looked at"
    )
    min_share: float = Field(
        default=0.0, ge=0, le=1, description="Winning label's least share of the footprint"
    )
    min_range_m: float = Field(
        json_schema_extra=LIVE,
        default=0.3,
        ge=0,
        le=1000,
        description="Nearer returns stay unknown",
    )
    max_range_m: float = Field(
        json_schema_extra=LIVE,
        default=500.0,
        gt=0,
        le=10000,
        description="Farther returns stay unknown",
    )


class MapConfig(ParameterGroup):
    """The semantic voxel map."""

    enabled: bool = Field(
        default=False, description="Keep a voxel map and publish it on ~/map; off, it costs nothing"
    )
    frame: FrameId = Field(
        default="", description="Frame of the map; empty: transforms.fixed_frame"
    )
    voxel_m: float = Field(default=0.2, ge=0.01, le=10, description="Edge of a voxel")
    window_m: float = Field(
        default=50.0,
        ge=0,
        le=100000,
        description="Half the edge of the square around the robot that is kept; 0: all",
    )
    max_voxels: int = Field(
        default=1_000_000, ge=1, le=20_000_000, description="Beyond it the farthest voxels go"
    )
    period_s: float = Field(
        default=1.0, ge=0.05, le=3600, description="Time between two maps that are published"
    )
    min_confidence: float = Field(
        default=0.0, ge=0, le=1, description="Points below it do not enter"
    )
    min_scans: int = Field(
        default=1, ge=1, le=1000, description="Voxels that fewer scans met are not published"
    )
    memory_scans: int = Field(
        default=200,
        ge=1,
        le=100000,
        description="After so many scans a voxel's counts are halved: it follows changes",
    )
    sensors: list[str] = Field(
        default=[], description="Lidars and radars whose points enter; empty: all lidars"
    )
    leave_out: list[str] = Field(
        default=[], description="Names of classes that do not enter, such as those that move"
    )


class CostmapConfig(ParameterGroup):
    """What a planner gets: obstacles of every scan, and a costmap of the voxel map."""

    obstacles: bool = Field(
        default=False,
        description="Publish the points of every lidar that block the way (semantic/obstacles)",
    )
    grid: bool = Field(default=False, description="Publish a costmap of the voxel map on ~/costmap")
    grouping: str = Field(
        default="traversability", description="Grouping of the ontology that has costs"
    )
    costs: list[str] = Field(
        default=["drivable=0", "rough=40", "impassable=100", "dynamic=100"],
        description="GROUP=0 to 100; groups that are not named do not count",
    )
    min_confidence: float = Field(
        default=0.6, ge=0, le=1, description="Ground that is less certain is unseen, never free"
    )
    size_m: float = Field(
        default=40.0, gt=0, le=400, description="Edge of the costmap's square around the robot"
    )
    cell_m: float = Field(default=0.2, ge=0.05, le=10, description="Edge of a cell")
    clearance_m: float = Field(
        default=2.5, gt=0, le=100, description="What hangs higher above the ground does not block"
    )


class OutputConfig(ParameterGroup):
    """What is published, and in which shape."""

    cloud_profile: Literal["pcl", "viking", "autoware", "float32"] = Field(
        default="pcl", description="Names and types of the appended cloud fields"
    )
    drop_unlabelled: bool = Field(
        json_schema_extra=LIVE, default=False, description="Leave unknown points out of the clouds"
    )
    confidence: bool = Field(default=True, description="Publish the confidence image")
    color: bool = Field(default=True, description="Publish the coloured label image")
    overlay: bool = Field(default=True, description="Publish the overlay picture")
    overlay_alpha: float = Field(
        json_schema_extra=LIVE,
        default=0.5,
        ge=0,
        le=1,
        description="Weight of the colours in the overlay",
    )
    png: bool = Field(default=False, description="Publish labels as PNG too, for another machine")
    colors: list[str] = Field(
        default=[],
        json_schema_extra=LIVE,
        description="CLASS=#rrggbb, in place of the ontology's colours",
    )


class CameraConfig(ParameterGroup):
    """One camera."""

    image_topic: str = Field(min_length=1, description="Image or CompressedImage topic")
    camera_info_topic: str = Field(
        default="", description="Empty: camera_info beside the image topic"
    )
    transport: Literal["auto", "raw", "compressed"] = Field(
        default="auto", description="Type of the image topic"
    )
    output_prefix: str = Field(
        default="", description="Prefix of the output topics; empty: the image topic's parent"
    )
    frame_id: FrameId = Field(default="", description="Optical frame; empty: the image's own")
    frame_convention: Literal["optical", "body", "auto"] = Field(
        default="optical",
        description="Axes of its frame; body: x forward as in GOOSE; auto: as the scans show",
    )
    rectified: bool = Field(
        default=False, description="The images are rectified: use P, no distortion"
    )
    principal_point_offset_px: list[float] = Field(
        default=[0.0, 0.0],
        min_length=2,
        max_length=2,
        description="Added to cx, cy, for crops that camera_info hides",
    )
    time_offset_s: float = Field(default=0.0, ge=-10, le=10, description="Added to the stamps")
    readout_s: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Rolling shutter: time from the first line's exposure to the last's; 0: none",
    )
    readout_from: Literal["top", "bottom", "left", "right"] = Field(
        default="top", description="Rolling shutter: edge of the image that is exposed first"
    )
    readout_stamp: Literal["first", "middle", "last"] = Field(
        default="first", description="Rolling shutter: line whose time the image's stamp is"
    )
    rotation_sigma_rad: float = Field(
        default=0.0, ge=0, le=1, description="Standard error of its orientation; lowers confidence"
    )
    translation_sigma_m: float = Field(
        default=0.0, ge=0, le=10, description="Standard error of its place; lowers confidence"
    )
    enabled: bool = Field(
        default=True, json_schema_extra=LIVE, description="Off, its images are dropped"
    )
    max_rate_hz: float = Field(
        default=0.0,
        ge=0,
        le=1000,
        json_schema_extra=LIVE,
        description="Images beyond this rate are dropped; 0: none",
    )
    ego_mask: str = Field(
        default="", description="Picture, white where the camera sees the robot itself"
    )
    weight: float = Field(
        default=1.0, gt=0, le=1000, description="Share of the engine against other cameras"
    )


class CloudSensorConfig(ParameterGroup):
    """What lidars and radars share."""

    topic: str = Field(min_length=1, description="PointCloud2 topic")
    output_topic: str = Field(
        default="", description="Empty: semantic/points beside the input topic"
    )
    frame_id: FrameId = Field(default="", description="Sensor frame; empty: the cloud's own")
    cameras: list[str] = Field(default=[], description="Cameras that may label it; empty: all")
    time_offset_s: float = Field(default=0.0, ge=-10, le=10, description="Added to the stamps")
    enabled: bool = Field(
        default=True, json_schema_extra=LIVE, description="Off, its clouds are dropped"
    )
    self_box_m: list[float] = Field(
        default=[0.0] * 6,
        min_length=6,
        max_length=6,
        description="Lowest and highest corner, x y z, sensor frame: points in it are the robot's",
    )


class LidarConfig(CloudSensorConfig):
    """One lidar."""


class RadarConfig(CloudSensorConfig):
    """One radar."""

    doppler_positive: Literal["driver", "away", "towards"] = Field(
        default="driver", description="What a positive Doppler means; driver: as its field is known"
    )


class NodeConfig(ParameterGroup):
    """How the node lives in the graph."""

    autostart: bool = Field(default=True, description="Configure and activate without being asked")
    input_reliability: Literal["auto", "reliable", "best_effort"] = Field(
        default="auto", description="auto: reliable where every publisher offers it"
    )
    input_depth: int = Field(default=5, ge=1, le=1000, description="DDS history of the inputs")
    status_period_s: float = Field(
        default=1.0, gt=0, le=60, description="Period of status and diagnostics"
    )
