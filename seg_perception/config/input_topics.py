"""Names and types of the topics that are listened to: node, replay and inspection ask here."""

from __future__ import annotations

from seg_perception.config.sensors import CameraConfig

TF = "/tf"
# What image_transport's plugin for depths appends.
COMPRESSED_DEPTH = "/compressedDepth"
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
DEPTH_TYPES = (_RAW, _COMPRESSED_TYPE)
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


def depth_info_topic(camera: CameraConfig) -> str:
    """Where the lens of the camera's depth images is published; empty where it has none."""
    if not camera.depth_topic:
        return ""
    base = camera.depth_topic.removesuffix(COMPRESSED_DEPTH)
    return camera.depth_camera_info_topic or beside(base, "camera_info")


def point_types(kind: str) -> tuple[str, ...]:
    """The types that the topic of a lidar, radar or depth camera may have."""
    return {"radar": RADAR_TYPES, "depth": DEPTH_TYPES}.get(kind, CLOUD_TYPES)


def likely_depth_type(topic: str) -> str:
    """The type of a depth topic, as far as its name tells."""
    return _COMPRESSED_TYPE if topic.endswith(COMPRESSED_DEPTH) else _RAW


def output_root(camera: CameraConfig) -> str:
    """The namespace of what is made of a camera: under its `output_prefix`, or beside its image."""
    if camera.output_prefix:
        return f"{camera.output_prefix.rstrip('/')}/semantic"
    return beside(base_topic(camera.image_topic), "semantic")


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
