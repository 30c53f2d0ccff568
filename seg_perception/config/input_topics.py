"""Names and types of the topics that are listened to: node, replay and inspection ask here."""

from __future__ import annotations

from seg_perception.config.sensors import CameraConfig

TF = "/tf"
TF_STATIC = "/tf_static"
IMAGE_TYPES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
LIVOX_TYPES = (
    "livox_ros_driver2/msg/CustomMsg",
    "livox_ros_driver/msg/CustomMsg",
    "livox_interfaces/msg/CustomMsg",
)
_CLOUDS = ("sensor_msgs/msg/PointCloud2", "sensor_msgs/msg/PointCloud")
CLOUD_TYPES = (*_CLOUDS, *LIVOX_TYPES)
RADAR_TYPES = (*_CLOUDS, "radar_msgs/msg/RadarScan")
POINT_TYPES = tuple(dict.fromkeys((*CLOUD_TYPES, *RADAR_TYPES)))
TF_TYPES = ("tf2_msgs/msg/TFMessage", "tf/msg/tfMessage")
_COMPRESSED = "/compressed"


def camera_info_topic(camera: CameraConfig) -> str:
    """Where the camera's lens is published: as configured, else the image topic's sibling."""
    return camera.camera_info_topic or beside(base_topic(camera.image_topic), "camera_info")


def is_compressed(camera: CameraConfig) -> bool:
    """Whether the image topic carries CompressedImage, as far as configuration and name tell."""
    if camera.transport != "auto":
        return camera.transport == "compressed"
    return camera.image_topic.endswith(_COMPRESSED)


def base_topic(image_topic: str) -> str:
    """An image topic without the suffix of its transport."""
    return image_topic.removesuffix(_COMPRESSED)


def beside(topic: str, name: str) -> str:
    """A name in the namespace of a topic: `/a/image_raw` and `semantic` make `/a/semantic`."""
    namespace, slash, _ = topic.rpartition("/")
    return f"{namespace}{slash}{name}"
