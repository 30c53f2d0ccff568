"""Names and types of the topics that are listened to: node, replay and inspection ask here."""

from __future__ import annotations

from seg_perception.config.sensors import CameraConfig

TF = "/tf"
TF_STATIC = "/tf_static"
_RAW, _COMPRESSED_TYPE = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
_FFMPEG_TYPE = "ffmpeg_image_transport_msgs/msg/FFMPEGPacket"
_FOXGLOVE_TYPE = "foxglove_msgs/msg/CompressedVideo"
VIDEO_TYPES = (_COMPRESSED_TYPE, _FFMPEG_TYPE, _FOXGLOVE_TYPE)
IMAGE_TYPES = (_RAW, *VIDEO_TYPES)
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
# What image_transport's plugins, and senders of video, append to an image topic.
_SUFFIXES = {
    "/compressed": _COMPRESSED_TYPE,
    "/ffmpeg": _FFMPEG_TYPE,
    "/foxglove": _FOXGLOVE_TYPE,
    "/h264": _COMPRESSED_TYPE,
    "/h265": _COMPRESSED_TYPE,
    "/hevc": _COMPRESSED_TYPE,
}


def camera_info_topic(camera: CameraConfig) -> str:
    """Where the camera's lens is published: as configured, else the image topic's sibling."""
    return camera.camera_info_topic or beside(base_topic(camera.image_topic), "camera_info")


def image_types(camera: CameraConfig) -> tuple[str, ...]:
    """The types that the image topic may carry by configuration."""
    of_transport = {"raw": (_RAW,), "compressed": (_COMPRESSED_TYPE,), "video": VIDEO_TYPES}
    return of_transport.get(camera.transport, IMAGE_TYPES)


def likely_image_type(camera: CameraConfig) -> str:
    """The type of the image topic, as far as configuration and name tell."""
    types = image_types(camera)
    by_name = _SUFFIXES.get(_suffix(camera.image_topic), types[0])
    return by_name if by_name in types else types[0]


def is_video_stream(camera: CameraConfig, type_name: str) -> bool:
    """Whether no image of the topic may be left out, by configuration, type and name."""
    by_name = _suffix(camera.image_topic) in ("/h264", "/h265", "/hevc")
    return camera.transport == "video" or type_name in (_FFMPEG_TYPE, _FOXGLOVE_TYPE) or by_name


def base_topic(image_topic: str) -> str:
    """An image topic without the suffix of its transport."""
    return image_topic.removesuffix(_suffix(image_topic))


def _suffix(image_topic: str) -> str:
    slash, leaf = image_topic.rpartition("/")[1:]
    return slash + leaf if slash + leaf in _SUFFIXES else ""


def beside(topic: str, name: str) -> str:
    """A name in the namespace of a topic: `/a/image_raw` and `semantic` make `/a/semantic`."""
    namespace, slash, _ = topic.rpartition("/")
    return f"{namespace}{slash}{name}"
