"""What is simulated."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from seg_perception.config import ParameterGroup


class SimulationConfig(ParameterGroup):
    """A robot's drive along a forest track, and the sensors it carries."""

    seed: int = Field(1, ge=0, le=2**31 - 1, description="The same seed gives the same bytes")
    duration_s: float = Field(30.0, gt=0, le=3600, description="Length of the drive")
    speed_mps: float = Field(1.0, ge=0, le=5, description="Speed of the robot")
    yaw_rate_rps: float = Field(
        0.0, ge=0, le=2, description="Turns left and right by turns at this rate; 0: sways"
    )
    scene: Literal["forest", "field"] = Field(
        "forest", description="What the track leads through; in a field nothing stands or grows"
    )
    traffic: int = Field(
        0, ge=0, le=40, description="Vehicles that overtake and come towards it, on a wider track"
    )
    stamp_ns: int = Field(
        1_750_000_000_000_000_000, ge=10**9, le=4 * 10**18, description="Stamp of the first scan"
    )

    camera_width: int = Field(960, ge=16, le=4096, description="Pixels across")
    camera_height: int = Field(540, ge=16, le=4096, description="Pixels down")
    camera_rate_hz: int = Field(10, ge=1, le=100, description="Pictures a second")
    camera_view_rad: float = Field(1.33, ge=0.3, le=2.2, description="Horizontal angle of view")

    camera_readout_s: float = Field(
        0.0, ge=0, le=0.2, description="From the first row to the last one; 0: global shutter"
    )
    side_cameras: bool = Field(
        default=False,
        description="One more to the left and right; `front` in names is `left` and `right` there",
    )

    depth_camera: bool = Field(
        default=False, description="The front camera measures depths, too, aligned to its pictures"
    )
    depth_baseline_m: float = Field(0.095, gt=0, le=2, description="Between its two eyes")
    depth_noise_px: float = Field(0.08, ge=0, le=5, description="Standard error of a disparity")
    depth_range_m: float = Field(15.0, gt=0, le=60, description="Nothing farther is measured")

    lidar_beams: int = Field(64, ge=2, le=256, description="Beams, one above the other")
    lidar_columns: int = Field(1024, ge=16, le=8192, description="Firings around a scan")
    lidar_rate_hz: int = Field(10, ge=1, le=40, description="Scans a second")
    lidar_view_rad: float = Field(0.785, ge=0.1, le=2.0, description="Vertical angle of view")
    lidar_range_noise_m: float = Field(0.012, ge=0, le=1, description="Standard deviation")

    radar_rate_hz: int = Field(15, ge=1, le=60, description="Scans a second")
    radar_range_noise_m: float = Field(0.06, ge=0, le=5, description="Standard deviation")
    radar_azimuth_noise_rad: float = Field(0.012, ge=0, le=0.5, description="Standard deviation")
    radar_elevation_noise_rad: float = Field(0.02, ge=0, le=0.5, description="Standard deviation")
    radar_doppler_noise_mps: float = Field(0.05, ge=0, le=5, description="Standard deviation")
    radar_false_alarms: float = Field(5.0, ge=0, le=100, description="Ghosts a scan, on average")

    ontology: str = Field("field", description="Ontology whose ids the truth is written in")
    odom_frame: str = Field("odom", min_length=1, description="Fixed frame")
    base_frame: str = Field("base_link", min_length=1, description="The robot's frame")
    camera_body_frame: str = Field("camera_front", min_length=1, description="x forward")
    camera_frame: str = Field("camera_front_optical", min_length=1, description="z forward")
    lidar_frame: str = Field("lidar_top", min_length=1, description="x forward")
    radar_frame: str = Field("radar_front", min_length=1, description="x forward")

    image_topic: str = Field("/camera/front/image_raw", min_length=1, description="rgb8")
    camera_info_topic: str = Field(
        "/camera/front/camera_info", min_length=1, description="Calibration"
    )
    camera_truth_topic: str = Field("/camera/front/truth", min_length=1, description="mono8 labels")
    depth_topic: str = Field(
        "/camera/front/depth/image_raw", min_length=1, description="16UC1, millimetres"
    )
    depth_info_topic: str = Field(
        "/camera/front/depth/camera_info", min_length=1, description="Its lens, undistorted"
    )
    lidar_topic: str = Field("/lidar/top/points", min_length=1, description="Scans")
    lidar_truth_topic: str = Field("/lidar/top/truth", min_length=1, description="Their labels")
    radar_topic: str = Field("/radar/front/points", min_length=1, description="Scans")
    radar_truth_topic: str = Field("/radar/front/truth", min_length=1, description="Their labels")
    tf_topic: str = Field("/tf", min_length=1, description="Moving transforms")
    tf_static_topic: str = Field(
        "/tf_static", min_length=1, description="Transforms of the sensors"
    )
    odom_topic: str = Field("/odom", min_length=1, description="Pose and velocity")
