"""Parameters of one camera, one lidar, one radar."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from seg_perception.config.parameter_group import EXPERT, LIVE, FrameId, ParameterGroup

# More is no error of mounting, but another unit or another camera.
_Metres = Annotated[float, Field(ge=-10, le=10)]
_Degrees = Annotated[float, Field(ge=-180, le=180)]


class CameraConfig(ParameterGroup):
    """One camera."""

    image_topic: str = Field(
        min_length=1, description="Topic of the images: raw, compressed or video"
    )
    camera_info_topic: str = Field(
        default="", description="Empty: camera_info beside the image topic"
    )
    calibration_file: str = Field(
        json_schema_extra=EXPERT,
        default="",
        description="Lens in place of camera_info: YAML file of ROS' camera_calibration, for "
        "images as they are published",
    )
    transport: Literal["auto", "raw", "compressed", "video"] = Field(
        default="auto",
        description="How the images come: Image, CompressedImage, or H.264 and H.265 streams; "
        "auto: as published",
    )
    bit_depth: int = Field(
        json_schema_extra=EXPERT,
        default=0,
        ge=0,
        le=16,
        description="Bits that 16-bit images hold; 0: found from the brightest pixel so far",
    )
    depth_topic: str = Field(
        default="",
        description="Topic of its depth images, of which labelled points are made: raw or "
        "compressedDepth; empty: none",
    )
    depth_camera_info_topic: str = Field(
        json_schema_extra=EXPERT,
        default="",
        description="Lens of the depth images; empty: camera_info beside them",
    )
    depth_frame_id: FrameId = Field(
        json_schema_extra=EXPERT,
        default="",
        description="Optical frame of the depth images; empty: their own",
    )
    depth_unit_m: float = Field(
        json_schema_extra=EXPERT,
        default=0.001,
        gt=0,
        le=1,
        description="16-bit depths times this are metres; 0.0001 for a driver of tenths of a "
        "millimetre",
    )
    depth_max_range_m: float = Field(
        default=10.0,
        ge=0,
        le=1000,
        description="Farther depths make no point, since their error grows with their square; "
        "0: all do",
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
    fisheye_angle_deg: float = Field(
        json_schema_extra=EXPERT,
        default=0.0,
        ge=0,
        le=179,
        description="Equidistant lens: angle from the axis at which its picture ends; beyond 90 "
        "it sees what is behind the camera's plane; 0: 89.5",
    )
    time_offset_s: float = Field(default=0.0, ge=-10, le=10, description="Added to the stamps")
    readout_s: float = Field(
        json_schema_extra=EXPERT,
        default=0.0,
        ge=0,
        le=1,
        description="Rolling shutter: time from the first line's exposure to the last's; 0: none",
    )
    readout_from: Literal["top", "bottom", "left", "right"] = Field(
        json_schema_extra=EXPERT,
        default="top",
        description="Rolling shutter: edge of the image that is exposed first",
    )
    readout_stamp: Literal["first", "middle", "last"] = Field(
        json_schema_extra=EXPERT,
        default="first",
        description="Rolling shutter: line whose time the image's stamp is",
    )
    correction_xyz_m: list[_Metres] = Field(
        json_schema_extra=EXPERT | LIVE,
        default=[0.0, 0.0, 0.0],
        min_length=3,
        max_length=3,
        description="On top of tf: moves points right, down and forward in its optical frame, as "
        "`calibrate` finds it",
    )
    correction_rpy_deg: list[_Degrees] = Field(
        json_schema_extra=EXPERT | LIVE,
        default=[0.0, 0.0, 0.0],
        min_length=3,
        max_length=3,
        description="On top of tf: turns points about these axes, in ROS' order, before it moves "
        "them",
    )
    rotation_sigma_rad: float = Field(
        json_schema_extra=EXPERT,
        default=0.0,
        ge=0,
        le=1,
        description="Standard error of its orientation; lowers confidence",
    )
    translation_sigma_m: float = Field(
        json_schema_extra=EXPERT,
        default=0.0,
        ge=0,
        le=10,
        description="Standard error of its place; lowers confidence",
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
        json_schema_extra=EXPERT,
        default=1.0,
        gt=0,
        le=1000,
        description="Share of the engine against other cameras",
    )


class CloudSensorConfig(ParameterGroup):
    """What lidars and radars share."""

    topic: str = Field(min_length=1, description="Topic of its clouds")
    output_topic: str = Field(
        default="", description="Empty: semantic/points beside the input topic"
    )
    frame_id: FrameId = Field(default="", description="Sensor frame; empty: the cloud's own")
    cameras: list[str] = Field(default=[], description="Cameras that may label it; empty: all")
    time_offset_s: float = Field(default=0.0, ge=-10, le=10, description="Added to the stamps")
    xyz_scale: float = Field(
        json_schema_extra=EXPERT,
        default=1.0,
        gt=0,
        le=1000,
        description="x, y and z times this are metres; 0.001 for a driver of millimetres",
    )
    point_time_unit: Literal["auto", "s", "ms", "us", "ns"] = Field(
        json_schema_extra=EXPERT,
        default="auto",
        description="Unit of the per-point time; auto: that in which it spans a scan",
    )
    enabled: bool = Field(
        default=True, json_schema_extra=LIVE, description="Off, its clouds are dropped"
    )
    max_rate_hz: float = Field(
        default=0.0,
        ge=0,
        le=1000,
        json_schema_extra=LIVE,
        description="Clouds beyond this rate are dropped; 0: none",
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
