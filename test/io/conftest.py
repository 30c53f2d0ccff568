"""Fixtures of the codecs: recorded data, and bags made by us and by `rosbags`."""

from pathlib import Path

import numpy as np
import pytest
from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag1 import Writer as Ros1Writer
from rosbags.rosbag2 import CompressionFormat
from rosbags.rosbag2 import Writer as Ros2Writer
from rosbags.typesys import Stores, get_typestore

from seg_perception.io import messages as m
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.mcap_writer import McapWriter

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "real"
JAZZY = get_typestore(Stores.ROS2_JAZZY)
FOREVER = QosTime(9223372036, 854775807)
LATCHED = Qos(
    QosHistory.KEEP_LAST,
    1,
    QosReliability.RELIABLE,
    QosDurability.TRANSIENT_LOCAL,
    FOREVER,
    FOREVER,
    QosLiveliness.AUTOMATIC,
    FOREVER,
    avoid_ros_namespace_conventions=False,
)


@pytest.fixture
def real_data():
    if not REAL.is_dir():
        pytest.skip(f"the recorded data is not at {REAL}")
    return REAL


@pytest.fixture(params=["file", "folder"])
def path(request, tmp_path):
    return tmp_path / ("bag.mcap" if request.param == "file" else "bag")


@pytest.fixture
def ros1_bag(tmp_path):
    noetic = get_typestore(Stores.ROS1_NOETIC)
    path = tmp_path / "ros1.bag"
    types = noetic.types
    with Ros1Writer(path) as bag:
        info = bag.add_connection(
            "/info", "sensor_msgs/msg/CameraInfo", typestore=noetic, latching=1
        )
        stamp = types["builtin_interfaces/msg/Time"](sec=3, nanosec=4)
        message = types["sensor_msgs/msg/CameraInfo"](
            header=types["std_msgs/msg/Header"](seq=1, stamp=stamp, frame_id="/cam"),
            height=2,
            width=3,
            distortion_model="plumb_bob",
            D=np.array([0.5]),
            K=np.arange(9.0),
            R=np.arange(9.0),
            P=np.arange(12.0),
            binning_x=0,
            binning_y=0,
            roi=types["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, do_rectify=False),
        )
        bag.write(info, 7, noetic.serialize_ros1(message, "sensor_msgs/msg/CameraInfo"))
    return path


class Bags:
    """Makes and reads bags of texts."""

    @staticmethod
    def text(value):
        return m.String(str(value))

    @staticmethod
    def cdr(value):
        own = JAZZY.types["std_msgs/msg/String"](data=str(value))
        return JAZZY.serialize_cdr(own, "std_msgs/msg/String")

    @staticmethod
    def read(path, topics=None):
        with BagReader(path) as bag:
            return [(msg.topic, msg.log_time_ns, msg.message.data) for msg in bag.messages(topics)]

    @staticmethod
    def write_texts(path, times, **options):
        with BagWriter(path, **options) as bag:
            for time in times:
                bag.write("/text", Bags.text(time), time)
        return [("/text", time, str(time)) for time in sorted(times)]

    @staticmethod
    def write_by_rosbags(path, storage, version, compression=None):
        writer = Ros2Writer(path, version=version, storage_plugin=storage)
        if compression is not None:
            writer.set_compression(compression, CompressionFormat.ZSTD)
        with writer:
            latched = writer.add_connection(
                "/map", "std_msgs/msg/String", typestore=JAZZY, offered_qos_profiles=[LATCHED]
            )
            plain = writer.add_connection("/text", "std_msgs/msg/String", typestore=JAZZY)
            writer.write(latched, 5, Bags.cdr("m"))
            for time in (30, 10, 20):
                writer.write(plain, time, Bags.cdr(time))
        return [("/map", 5, "m"), *(("/text", time, str(time)) for time in (10, 20, 30))]

    @staticmethod
    def unfinished(path, *, cut=0):
        """A file as a killed recorder leaves it: ten messages in five chunks, the end `cut` off."""
        bag = McapWriter(path, "none")
        schema = bag.add_schema("std_msgs/msg/String", "ros2msg", "string data")
        channel = bag.add_channel("/text", schema, {})
        for time in range(10):
            bag.write(channel, time, Bags.cdr(time))
            if time % 2:
                bag.flush()
        data = path.read_bytes()
        path.write_bytes(data[: len(data) - cut])


@pytest.fixture(scope="session")
def bags():
    return Bags
