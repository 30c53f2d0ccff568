"""Message types by their text: what a bag says of them, else what ships here.

A bag's own definitions come first. Types that it does not define come from the ROS 2
release that `rosbags` knows, from our own `.msg` files, and from the few texts below.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from seg_perception.config.input_topics import LIVOX_TYPES
from seg_perception.core.errors import BagError
from seg_perception.core.resources import message_files
from seg_perception.io.bag_storage import ROS_ENCODINGS, StoredTopic
from seg_perception.io.empty_messages import MOST_EMPTY, count_empty

if TYPE_CHECKING:
    from rosbags.typesys.store import Typestore

# Interfaces of packages that ROS 2's base does not have, without their comments.
FOREIGN_DEFINITIONS = {
    "vision_msgs/msg/VisionClass": "uint16 class_id\nstring class_name\n",
    "vision_msgs/msg/LabelInfo": (
        "std_msgs/Header header\nvision_msgs/VisionClass[] class_map\nfloat32 threshold\n"
    ),
    "vision_msgs/msg/ObjectHypothesis": "string class_id\nfloat64 score\n",
    "vision_msgs/msg/ObjectHypothesisWithPose": (
        "vision_msgs/ObjectHypothesis hypothesis\ngeometry_msgs/PoseWithCovariance pose\n"
    ),
    "vision_msgs/msg/BoundingBox3D": "geometry_msgs/Pose center\ngeometry_msgs/Vector3 size\n",
    "vision_msgs/msg/Detection3D": (
        "std_msgs/Header header\nvision_msgs/ObjectHypothesisWithPose[] results\n"
        "vision_msgs/BoundingBox3D bbox\nstring id\n"
    ),
    "vision_msgs/msg/Detection3DArray": (
        "std_msgs/Header header\nvision_msgs/Detection3D[] detections\n"
    ),
    "radar_msgs/msg/RadarReturn": (
        "float32 range\nfloat32 azimuth\nfloat32 elevation\n"
        "float32 doppler_velocity\nfloat32 amplitude\n"
    ),
    "radar_msgs/msg/RadarScan": "std_msgs/Header header\nradar_msgs/RadarReturn[] returns\n",
    "foxglove_msgs/msg/CompressedVideo": (
        "builtin_interfaces/Time timestamp\nstring frame_id\nuint8[] data\nstring format\n"
    ),
    "ffmpeg_image_transport_msgs/msg/FFMPEGPacket": (
        "std_msgs/Header header\nint32 width\nint32 height\nstring encoding\nuint64 pts\n"
        "uint8 flags\nbool is_bigendian\nuint8[] data\n"
    ),
}
for _type in LIVOX_TYPES:
    FOREIGN_DEFINITIONS[_type.replace("Msg", "Point")] = (
        "uint32 offset_time\nfloat32 x\nfloat32 y\nfloat32 z\n"
        "uint8 reflectivity\nuint8 tag\nuint8 line\n"
    )
    FOREIGN_DEFINITIONS[_type] = (
        "std_msgs/Header header\nuint64 timebase\nuint32 point_num\nuint8 lidar_id\n"
        "uint8[3] rsvd\nCustomPoint[] points\n"
    )


@cache
def shipped_types() -> Typestore:
    """The types known without a bag."""
    from rosbags.typesys import Stores, get_types_from_msg, get_typestore

    store = get_typestore(Stores.ROS2_JAZZY)
    texts = dict(FOREIGN_DEFINITIONS)
    for path in message_files():
        texts[f"seg_perception/msg/{path.stem}"] = path.read_text()
    for name, text in texts.items():
        store.register(get_types_from_msg(text, name))
    return store


@cache
def definition_of(type_name: str) -> tuple[str, str]:
    """Text of a shipped type with all it depends on, and its hash; both empty where unknown."""
    store = shipped_types()
    if type_name not in store.fielddefs:
        return "", ""
    return store.generate_msgdef(type_name, ros_version=2)[0], store.hash_rihs01(type_name)


class TypeCatalog:
    """Decodes the messages of one recording."""

    def __init__(self) -> None:
        """Start without any decoder; each is made when its first message comes."""
        self._decoders: dict[tuple[str, str, str], Callable[[bytes | memoryview], Any]] = {}

    def decode(self, topic: StoredTopic, data: bytes | memoryview) -> Any:
        """A message object with ROS 2 attribute names.

        Raises:
            BagError: an unknown type or encoding, or bytes that do not fit the type.
        """
        from rosbags.serde import SerdeError
        from rosbags.typesys import TypesysError

        key = (topic.type, topic.encoding, topic.definition)
        try:
            decoder = self._decoders.get(key)
            if decoder is None:
                decoder = self._decoders[key] = _make_decoder(topic)
            return decoder(data)
        except (SerdeError, TypesysError, KeyError, RecursionError, ValueError) as error:
            msg = f"{topic.name}: a message does not fit its type {topic.type} ({error})"
            raise BagError(msg) from error


def check_encoding(topic: StoredTopic) -> None:
    """Refuse what no decoder reads.

    Raises:
        BagError: serialised neither as ROS 2 nor as ROS 1 does.
    """
    if topic.encoding not in ROS_ENCODINGS:
        msg = (
            f"{topic.name}: expected serialization format 'cdr' or 'ros1', got {topic.encoding!r}; "
            "if ROS 2 recorded it, set serialization_format: cdr in the bag's metadata.yaml"
        )
        raise BagError(msg)


def _make_decoder(topic: StoredTopic) -> Callable[[bytes | memoryview], Any]:
    check_encoding(topic)
    store = _types_of(topic)
    deserialize = store.deserialize_ros1 if topic.encoding == "ros1" else store.deserialize_cdr
    return lambda data: deserialize(data, topic.type)


def _types_of(topic: StoredTopic) -> Typestore:
    from rosbags.typesys import (
        Stores,
        TypesysError,
        get_types_from_idl,
        get_types_from_msg,
        get_typestore,
    )

    store = shipped_types()
    if topic.definition:
        try:
            store = get_typestore(Stores.EMPTY)
            if topic.definition_format == "ros2idl":
                store.register(get_types_from_idl(_plain_idl(topic.definition)))
            else:
                store.register(get_types_from_msg(topic.definition, topic.type))
        except TypesysError as error:
            # The parser quotes the whole definition; where it failed stands in the first line.
            detail = str(error).partition("\n")[0][:80].rstrip(": ")
            msg = (
                f"{topic.name}: the bag's definition of {topic.type} can't be read ({detail}); "
                "copy the bag again"
            )
            raise BagError(msg) from error
    if topic.encoding == "ros1" and count_empty(store, topic.type) > MOST_EMPTY:
        msg = (
            f"{topic.name}: expected messages with content, got a list of std_msgs/Empty or the "
            f"like in {topic.type}, which may be endless; leave the topic out"
        )
        raise BagError(msg)
    if topic.type not in store.fielddefs:
        msg = (
            f"{topic.name}: the bag does not define {topic.type} and it is not known here; "
            "record the topic with a newer rosbag2, or leave it out"
        )
        raise BagError(msg)
    return store


def _plain_idl(text: str) -> str:
    """IDL without the separators and titles that a recorder puts between its parts."""
    lines = text.splitlines()
    return "\n".join(line for line in lines if not line.startswith(("=" * 80, "IDL: ")))
