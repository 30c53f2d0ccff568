"""Neutral messages arrive in rclpy's classes with every field and every byte."""

import numpy as np
import pytest

from seg_perception.core.errors import ConfigError
from seg_perception.io import messages
from seg_perception.io.perception_messages import SemanticClass, SemanticGrouping, SemanticLegend
from seg_perception.ros.conversions import message_class, to_ros

pytestmark = pytest.mark.ros


def test_an_image_keeps_header_and_bytes():
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    header = messages.Header.at(1_500_000_007, "cam")
    ros = to_ros(messages.Image(header, 2, 3, "rgb8", 0, 9, pixels))
    assert (ros.header.stamp.sec, ros.header.stamp.nanosec) == (1, 500_000_007)
    assert (ros.header.frame_id, ros.encoding, ros.height, ros.width) == ("cam", "rgb8", 2, 3)
    assert ros.data.tobytes() == bytes(range(18))
    assert ros.data.typecode == "B"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_like_data_is_taken(kind):
    ros = to_ros(messages.CompressedImage(format="png", data=kind(b"\x01\x02")))
    assert list(ros.data) == [1, 2]


def test_a_view_with_gaps_is_copied_in_order():
    every_other = np.arange(10, dtype=np.uint8)[::2]
    assert list(to_ros(messages.Image(data=every_other)).data) == [0, 2, 4, 6, 8]


def test_lists_of_messages_and_typed_arrays():
    field = messages.PointField("x", 4, messages.FIELD_FLOAT32, 1)
    cloud = to_ros(messages.PointCloud2(fields=[field], is_dense=True))
    assert (cloud.fields[0].name, cloud.fields[0].offset, cloud.is_dense) == ("x", 4, True)
    info = to_ros(messages.CameraInfo(d=np.array([0.1, -0.2]), k=np.arange(9.0)))
    assert list(info.d) == [0.1, -0.2]
    assert list(info.k) == list(range(9))
    assert info.p.shape == (12,)


def test_numpy_scalars_become_plain_numbers():
    ros = to_ros(messages.Image(height=np.int64(4), is_bigendian=np.uint8(1)))
    assert (ros.height, ros.is_bigendian) == (4, 1)


def test_our_own_messages():
    pytest.importorskip("seg_perception.msg", reason="the package's messages are not installed")
    colour = np.array([1, 2, 3], np.uint8)
    legend = SemanticLegend(
        ontology="field",
        unknown_color_rgb=colour,
        classes=[SemanticClass(7, "bush", colour)],
        groupings=[SemanticGrouping("walk", [], [3], 255)],
    )
    ros = to_ros(legend)
    assert (ros.classes[0].id, ros.classes[0].name) == (7, "bush")
    assert list(ros.classes[0].color_rgb) == [1, 2, 3]
    assert list(ros.groupings[0].group_ids) == [3]


@pytest.mark.parametrize("name", ["no_such_msgs/msg/Thing", "sensor_msgs/msg/NoSuchThing"])
def test_a_type_that_is_not_installed_names_its_package(name):
    with pytest.raises(ConfigError, match=f"{name} is not installed"):
        message_class(name)


def test_every_message_has_an_array_of_its_own():
    first = to_ros(messages.Image(data=b"\x01"))
    second = to_ros(messages.Image(data=b"\x02"))
    assert (list(first.data), list(second.data)) == ([1], [2])
    assert list(message_class(messages.Image.type_name)().data) == []


def test_checked_messages_take_their_bytes_too(monkeypatch):
    """With ROS_PYTHON_CHECK_FIELDS=1 every value that is set is looked at."""
    import sensor_msgs.msg._image as module

    monkeypatch.setattr(module, "ros_python_check_fields", "1", raising=False)
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    ros = to_ros(messages.Image(messages.Header(), 2, 3, "mono8", 0, 3, pixels))
    assert list(ros.data) == [0, 1, 2, 3, 4, 5]
