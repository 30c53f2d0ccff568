"""Parameters on the way from label maps to labelled points."""

from __future__ import annotations

from pydantic import Field

from seg_perception.config.parameter_group import EXPERT, LIVE, FrameId, ParameterGroup


class SynchronizerConfig(ParameterGroup):
    """Which label map a cloud may take, and how long it waits for a better one."""

    buffer_size: int = Field(
        json_schema_extra=EXPERT, default=8, ge=1, le=1000, description="Label maps kept per camera"
    )
    max_wait_s: float = Field(
        default=0.3, ge=0, le=60, description="Longest wait of a cloud for a newer label map"
    )
    max_gap_s: float = Field(
        default=0.25, gt=0, le=60, description="Largest time between a cloud and its label map"
    )
    queue_size: int = Field(
        json_schema_extra=EXPERT,
        default=8,
        ge=1,
        le=1000,
        description="Clouds that may wait per sensor; the oldest goes",
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
        json_schema_extra=EXPERT,
        default=10.0,
        gt=0,
        le=3600,
        description="Seconds of timed transforms kept",
    )
    max_extrapolation_s: float = Field(
        json_schema_extra=EXPERT,
        default=0.0,
        ge=0,
        le=10,
        description="Beyond the last transform, at most this",
    )
    deskew: bool = Field(
        default=True, description="Use the cloud's per-point time, where it has one"
    )
    max_interpolation_s: float = Field(
        json_schema_extra=EXPERT,
        default=1.0,
        gt=0,
        le=60,
        description="Widest gap between samples to interpolate",
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
        json_schema_extra=EXPERT,
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
    occlusion_ratio: float = Field(
        json_schema_extra=EXPERT,
        default=1.2,
        gt=1,
        le=1e6,
        description="A point this many times as far as those around it under its label is hidden",
    )
    occlusion_midpoint_ratio: float = Field(
        json_schema_extra=EXPERT,
        default=1.2,
        gt=1,
        le=1e6,
        description="Confidence: so many times as far, a point is as likely hidden as seen",
    )
    occlusion_steepness: float = Field(
        json_schema_extra=EXPERT,
        default=20.0,
        gt=0,
        le=100,
        description="Confidence: power with which the odds of being hidden grow with that ratio",
    )
    pixel_sigma_px: float = Field(
        json_schema_extra=EXPERT,
        default=1.0,
        gt=0,
        le=100,
        description="Standard error of a point's pixel where calibration and time are exact",
    )
    time_sigma_s: float = Field(
        json_schema_extra=EXPERT,
        default=0.002,
        ge=0,
        le=1,
        description="Standard error of the time between cloud and image",
    )
    time_gap_half_life_s: float = Field(
        json_schema_extra=EXPERT,
        default=1.0,
        gt=0,
        le=3600,
        description="Time between cloud and image that halves confidence",
    )
    min_confidence: float = Field(
        json_schema_extra=LIVE, default=0.0, ge=0, le=1, description="Points below it are unknown"
    )


class PlausibilityConfig(ParameterGroup):
    """Labels that can't be right where their point lies are taken back."""

    grouping: str = Field(
        json_schema_extra=EXPERT,
        default="goose_category",
        description="Grouping of the ontology that has the groups; a model without it is not "
        "tested",
    )
    sky_groups: list[str] = Field(
        json_schema_extra=EXPERT,
        default=["sky"],
        description="Groups that return nothing: no point is of them; empty: not tested",
    )
    ground_groups: list[str] = Field(
        json_schema_extra=EXPERT,
        default=["road", "terrain", "water"],
        description="Groups that never hang overhead; empty: not tested",
    )
    max_ground_elevation_deg: float = Field(
        json_schema_extra=EXPERT,
        default=35.0,
        ge=0,
        le=90,
        description="Seen from the camera, no ground is higher above the horizon, which "
        "`transforms.fixed_frame` tells",
    )


class PicturesConfig(ParameterGroup):
    """What is noticed of the pictures themselves."""

    watch: bool = Field(
        json_schema_extra=EXPERT,
        default=True,
        description="Say when a camera can't be trusted (dark, glare, covered, dirty, blurred, "
        "frozen, turned, contradicted by a lidar); what it shows then is never free ground",
    )
    unfamiliar_blocks: bool = Field(
        json_schema_extra=EXPERT,
        default=False,
        description="What pictures show that are unlike those of the model's training is never "
        "free ground; needs a bundle with familiarity",
    )


class RadarTransferConfig(ParameterGroup):
    """From label maps to radar returns, over the footprint of the bearing error."""

    azimuth_sigma_rad: float = Field(
        json_schema_extra=EXPERT, default=0.01, gt=0, le=1, description="Standard error of azimuth"
    )
    elevation_sigma_rad: float = Field(
        json_schema_extra=EXPERT,
        default=0.02,
        gt=0,
        le=1,
        description="Standard error of elevation",
    )
    range_sigma_m: float = Field(
        json_schema_extra=EXPERT, default=0.15, gt=0, le=10, description="Standard error of range"
    )
    lidar_gap_s: float = Field(
        json_schema_extra=EXPERT,
        default=0.15,
        ge=0,
        le=10,
        description="A labelled lidar scan at most so far in time is asked too; 0: none is",
    )
    moving_mps: float = Field(
        json_schema_extra=EXPERT,
        default=0.5,
        gt=0,
        le=100,
        description="What recedes or nears so much faster than things at rest moves by itself",
    )
    samples: int = Field(
        json_schema_extra=EXPERT,
        default=25,
        ge=1,
        le=400,
        description="Points of the footprint that are looked at",
    )
    min_share: float = Field(
        json_schema_extra=EXPERT,
        default=0.0,
        ge=0,
        le=1,
        description="Winning label's least share of the footprint",
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
