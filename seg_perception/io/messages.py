"""ROS messages as plain dataclasses: the same field names, no ROS needed.

Encoders produce these; a node copies them into rclpy messages and a bag writer into
serialised ones, each by one recursive copy over the field names. Decoders never ask for
these classes: they take any object with the attributes of the ROS message.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import NANOSECONDS

Bytes: TypeAlias = "NDArray[np.uint8] | bytes | bytearray | memoryview"

FIELD_INT8, FIELD_UINT8, FIELD_INT16, FIELD_UINT16 = 1, 2, 3, 4
FIELD_INT32, FIELD_UINT32, FIELD_FLOAT32, FIELD_FLOAT64 = 5, 6, 7, 8


class Message:
    """A message; `type_name` is the ROS 2 name of its type."""

    type_name: ClassVar[str]


@dataclass
class Time(Message):
    """Seconds and nanoseconds since the sender's epoch."""

    type_name: ClassVar[str] = "builtin_interfaces/msg/Time"
    sec: int = 0
    nanosec: int = 0

    @classmethod
    def from_ns(cls, stamp_ns: int) -> Time:
        """Split nanoseconds since the epoch."""
        return cls(*divmod(int(stamp_ns), NANOSECONDS))


@dataclass
class Header(Message):
    """When and in which frame."""

    type_name: ClassVar[str] = "std_msgs/msg/Header"
    stamp: Time = field(default_factory=Time)
    frame_id: str = ""

    @classmethod
    def at(cls, stamp_ns: int, frame_id: str) -> Header:
        """A header for nanoseconds since the epoch."""
        return cls(Time.from_ns(stamp_ns), frame_id)


@dataclass
class String(Message):
    """A text."""

    type_name: ClassVar[str] = "std_msgs/msg/String"
    data: str = ""


@dataclass
class Clock(Message):
    """Simulated time."""

    type_name: ClassVar[str] = "rosgraph_msgs/msg/Clock"
    clock: Time = field(default_factory=Time)


@dataclass
class Image(Message):
    """Pixels of one image, row by row, `step` bytes a row."""

    type_name: ClassVar[str] = "sensor_msgs/msg/Image"
    header: Header = field(default_factory=Header)
    height: int = 0
    width: int = 0
    encoding: str = ""
    is_bigendian: int = 0
    step: int = 0
    data: Bytes = b""


@dataclass
class CompressedImage(Message):
    """A JPEG or PNG file, or a packet of a video stream."""

    type_name: ClassVar[str] = "sensor_msgs/msg/CompressedImage"
    header: Header = field(default_factory=Header)
    format: str = ""
    data: Bytes = b""


@dataclass
class CompressedVideo(Message):
    """One picture of an H.264 or H.265 stream, as Foxglove has it."""

    type_name: ClassVar[str] = "foxglove_msgs/msg/CompressedVideo"
    timestamp: Time = field(default_factory=Time)
    frame_id: str = ""
    data: Bytes = b""
    format: str = ""


@dataclass
class FFMPEGPacket(Message):
    """One packet of a video stream, as ffmpeg_image_transport sends it; flags 1: a key frame."""

    type_name: ClassVar[str] = "ffmpeg_image_transport_msgs/msg/FFMPEGPacket"
    header: Header = field(default_factory=Header)
    width: int = 0
    height: int = 0
    encoding: str = ""
    pts: int = 0
    flags: int = 0
    is_bigendian: bool = False
    data: Bytes = b""


@dataclass
class RegionOfInterest(Message):
    """The part of the sensor that was read out."""

    type_name: ClassVar[str] = "sensor_msgs/msg/RegionOfInterest"
    x_offset: int = 0
    y_offset: int = 0
    height: int = 0
    width: int = 0
    do_rectify: bool = False


@dataclass
class CameraInfo(Message):
    """The calibration of a camera."""

    type_name: ClassVar[str] = "sensor_msgs/msg/CameraInfo"
    header: Header = field(default_factory=Header)
    height: int = 0
    width: int = 0
    distortion_model: str = ""
    d: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    k: NDArray[np.float64] = field(default_factory=lambda: np.zeros(9))
    r: NDArray[np.float64] = field(default_factory=lambda: np.zeros(9))
    p: NDArray[np.float64] = field(default_factory=lambda: np.zeros(12))
    binning_x: int = 0
    binning_y: int = 0
    roi: RegionOfInterest = field(default_factory=RegionOfInterest)


@dataclass
class PointField(Message):
    """One field of a point; `datatype` is one of FIELD_INT8 ... FIELD_FLOAT64."""

    type_name: ClassVar[str] = "sensor_msgs/msg/PointField"
    name: str = ""
    offset: int = 0
    datatype: int = 0
    count: int = 1


@dataclass
class PointCloud2(Message):
    """Points of any layout."""

    type_name: ClassVar[str] = "sensor_msgs/msg/PointCloud2"
    header: Header = field(default_factory=Header)
    height: int = 0
    width: int = 0
    fields: list[PointField] = field(default_factory=list)
    is_bigendian: bool = False
    point_step: int = 0
    row_step: int = 0
    data: Bytes = b""
    is_dense: bool = False


@dataclass
class Vector3(Message):
    """A free vector."""

    type_name: ClassVar[str] = "geometry_msgs/msg/Vector3"
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0


@dataclass
class Point(Message):
    """A position (metre)."""

    type_name: ClassVar[str] = "geometry_msgs/msg/Point"
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0


@dataclass
class Quaternion(Message):
    """A rotation; (0, 0, 0, 1) is none."""

    type_name: ClassVar[str] = "geometry_msgs/msg/Quaternion"
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    w: float = 1.0


@dataclass
class Transform(Message):
    """Translation (metre) and rotation."""

    type_name: ClassVar[str] = "geometry_msgs/msg/Transform"
    translation: Vector3 = field(default_factory=Vector3)
    rotation: Quaternion = field(default_factory=Quaternion)


@dataclass
class TransformStamped(Message):
    """Maps points of `child_frame_id` into `header.frame_id`."""

    type_name: ClassVar[str] = "geometry_msgs/msg/TransformStamped"
    header: Header = field(default_factory=Header)
    child_frame_id: str = ""
    transform: Transform = field(default_factory=Transform)


@dataclass
class TFMessage(Message):
    """Some transforms."""

    type_name: ClassVar[str] = "tf2_msgs/msg/TFMessage"
    transforms: list[TransformStamped] = field(default_factory=list)


@dataclass
class Pose(Message):
    """Position and orientation."""

    type_name: ClassVar[str] = "geometry_msgs/msg/Pose"
    position: Point = field(default_factory=Point)
    orientation: Quaternion = field(default_factory=Quaternion)


@dataclass
class MapMetaData(Message):
    """Size and place of a grid; `origin` is the corner of its cell (0, 0)."""

    type_name: ClassVar[str] = "nav_msgs/msg/MapMetaData"
    map_load_time: Time = field(default_factory=Time)
    resolution: float = 0.0
    width: int = 0
    height: int = 0
    origin: Pose = field(default_factory=Pose)


@dataclass
class OccupancyGrid(Message):
    """Costs 0 to 100 and -1 for unseen, row by row; rows along y, columns along x."""

    type_name: ClassVar[str] = "nav_msgs/msg/OccupancyGrid"
    header: Header = field(default_factory=Header)
    info: MapMetaData = field(default_factory=MapMetaData)
    data: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))


@dataclass
class PoseWithCovariance(Message):
    """A pose and its covariance, (6, 6) row by row: x, y, z, then rotations about them."""

    type_name: ClassVar[str] = "geometry_msgs/msg/PoseWithCovariance"
    pose: Pose = field(default_factory=Pose)
    covariance: NDArray[np.float64] = field(default_factory=lambda: np.zeros(36))


@dataclass
class Twist(Message):
    """Linear (m/s) and angular (rad/s) velocity."""

    type_name: ClassVar[str] = "geometry_msgs/msg/Twist"
    linear: Vector3 = field(default_factory=Vector3)
    angular: Vector3 = field(default_factory=Vector3)


@dataclass
class TwistWithCovariance(Message):
    """A twist and its covariance, (6, 6) row by row."""

    type_name: ClassVar[str] = "geometry_msgs/msg/TwistWithCovariance"
    twist: Twist = field(default_factory=Twist)
    covariance: NDArray[np.float64] = field(default_factory=lambda: np.zeros(36))


@dataclass
class Odometry(Message):
    """Pose of `child_frame_id` in `header.frame_id`; the twist is in the child's frame."""

    type_name: ClassVar[str] = "nav_msgs/msg/Odometry"
    header: Header = field(default_factory=Header)
    child_frame_id: str = ""
    pose: PoseWithCovariance = field(default_factory=PoseWithCovariance)
    twist: TwistWithCovariance = field(default_factory=TwistWithCovariance)


@dataclass
class RadarReturn(Message):
    """One return of a radar (metre, radian, m/s, dB); angles as in REP-103."""

    type_name: ClassVar[str] = "radar_msgs/msg/RadarReturn"
    range: float = 0.0
    azimuth: float = 0.0
    elevation: float = 0.0
    doppler_velocity: float = 0.0
    amplitude: float = 0.0


@dataclass
class RadarScan(Message):
    """The returns of one scan."""

    type_name: ClassVar[str] = "radar_msgs/msg/RadarScan"
    header: Header = field(default_factory=Header)
    returns: list[RadarReturn] = field(default_factory=list)


@dataclass
class Point32(Message):
    """A position (metre), in single precision."""

    type_name: ClassVar[str] = "geometry_msgs/msg/Point32"
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0


@dataclass
class ChannelFloat32(Message):
    """A further value of each point of a PointCloud."""

    type_name: ClassVar[str] = "sensor_msgs/msg/ChannelFloat32"
    name: str = ""
    values: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))


@dataclass
class PointCloud(Message):
    """Points as ROS had them before PointCloud2."""

    type_name: ClassVar[str] = "sensor_msgs/msg/PointCloud"
    header: Header = field(default_factory=Header)
    points: list[Point32] = field(default_factory=list)
    channels: list[ChannelFloat32] = field(default_factory=list)


@dataclass
class CustomPoint(Message):
    """One point of a Livox lidar (metre); `offset_time` is in ns after its message's timebase."""

    type_name: ClassVar[str] = "livox_ros_driver2/msg/CustomPoint"
    offset_time: int = 0
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    reflectivity: int = 0
    tag: int = 0
    line: int = 0


@dataclass
class CustomMsg(Message):
    """A scan of a Livox lidar; `timebase` is the time of its first point (ns)."""

    type_name: ClassVar[str] = "livox_ros_driver2/msg/CustomMsg"
    header: Header = field(default_factory=Header)
    timebase: int = 0
    point_num: int = 0
    lidar_id: int = 0
    rsvd: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(3, np.uint8))
    points: list[CustomPoint] = field(default_factory=list)


@dataclass
class VisionClass(Message):
    """Id and name of a class, as vision_msgs has it."""

    type_name: ClassVar[str] = "vision_msgs/msg/VisionClass"
    class_id: int = 0
    class_name: str = ""


@dataclass
class LabelInfo(Message):
    """Class names of a label image, as vision_msgs has them."""

    type_name: ClassVar[str] = "vision_msgs/msg/LabelInfo"
    header: Header = field(default_factory=Header)
    class_map: list[VisionClass] = field(default_factory=list)
    threshold: float = 0.0


def stamp_to_ns(stamp: Any) -> int:
    """Nanoseconds of a stamp, whether it spells them as ROS 2 (`sec`) or as ROS 1 (`secs`)."""
    if hasattr(stamp, "sec"):
        return int(stamp.sec) * NANOSECONDS + int(stamp.nanosec)
    return int(stamp.secs) * NANOSECONDS + int(stamp.nsecs)


def header_of(message: Any) -> Any:
    """Stamp and frame of a sensor's message; Foxglove's types have them without a header."""
    if hasattr(message, "header"):
        return message.header
    return Header(message.timestamp, str(message.frame_id))


def byte_array(data: Any) -> NDArray[np.uint8]:
    """`data` of any message as uint8 (n,), without a copy where it is bytes-like."""
    if isinstance(data, np.ndarray):
        return data.reshape(-1).view(np.uint8)
    if isinstance(data, (list, tuple)):
        return np.asarray(data, np.uint8)
    return np.frombuffer(data, np.uint8)
