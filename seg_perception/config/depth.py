"""The depth images of cameras as what they are to clouds: one more kind of sensor."""

from __future__ import annotations

from collections.abc import Mapping

from seg_perception.config.input_topics import depth_info_topic, output_root
from seg_perception.config.sensors import CameraConfig, CloudSensorConfig


class DepthConfig(CloudSensorConfig):
    """The depth images of one camera; it is called as the camera is."""

    camera_info_topic: str
    unit_m: float
    max_range_m: float

    @classmethod
    def of(cls, name: str, camera: CameraConfig) -> DepthConfig:
        """What a camera of that name says of its depths; time, rate and switch are its own."""
        return cls(
            topic=camera.depth_topic,
            output_topic=f"{output_root(camera)}/points",
            frame_id=camera.depth_frame_id,
            cameras=[name],
            time_offset_s=camera.time_offset_s,
            enabled=camera.enabled,
            max_rate_hz=camera.max_rate_hz,
            camera_info_topic=depth_info_topic(camera),
            unit_m=camera.depth_unit_m,
            max_range_m=camera.depth_max_range_m,
        )


def depth_sensors(cameras: Mapping[str, CameraConfig]) -> dict[str, DepthConfig]:
    """Those of the cameras that have a depth topic."""
    return {n: DepthConfig.of(n, camera) for n, camera in cameras.items() if camera.depth_topic}


def parameter_of(stream: str, field: str) -> str:
    """The parameter of a stream's sensor: that of a camera's depths is one of the camera.

    Args:
        stream: as `lidar.top`, or `depth.front`.
        field: as of a sensor of points, such as `topic` or `frame_id`.
    """
    kind, _, name = stream.partition(".")
    if kind != "depth":
        return f"{stream}.{field}"
    return f"camera.{name}.{_OF_CAMERA.get(field, field)}"


_OF_CAMERA = {"topic": "depth_topic", "frame_id": "depth_frame_id", "output_topic": "output_prefix"}
