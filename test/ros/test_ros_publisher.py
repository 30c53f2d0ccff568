"""Outputs in the ROS graph: made for those who subscribed, kept for those who come late."""

import pytest
from rclpy.qos import ReliabilityPolicy
from std_msgs.msg import String

from seg_perception.core.errors import ConfigError
from seg_perception.io import messages
from seg_perception.outputs.topics import OutputTopic
from seg_perception.ros.qos import latched_profile
from seg_perception.ros.ros_publisher import RosPublisher

pytestmark = pytest.mark.ros
WORDS, LEGEND = "/words", "~/legend"


def words(**changed):
    return OutputTopic(WORDS, messages.String.type_name, "", **changed)


def test_a_topic_is_wanted_while_it_has_a_subscriber(ros, wait_until):
    node, listener, heard = ros.node("talker"), ros.node("listener"), []
    publisher = RosPublisher(node)
    assert not publisher.is_wanted(WORDS)
    publisher.advertise(words())
    assert not publisher.is_wanted(WORDS)
    subscription = listener.create_subscription(String, WORDS, heard.append, 1)
    wait_until(lambda: publisher.is_wanted(WORDS), "the subscriber")
    publisher.publish(WORDS, messages.String("hello"), 0)
    wait_until(lambda: [m.data for m in heard] == ["hello"], "the message")
    listener.destroy_subscription(subscription)
    wait_until(lambda: not publisher.is_wanted(WORDS), "the subscriber's end")
    publisher.close()
    wait_until(lambda: listener.count_publishers(WORDS) == 0, "the publisher's end")


def test_what_is_latched_is_wanted_by_nobody_yet_and_reaches_who_comes_late(ros, wait_until):
    node, listener, heard = ros.node("talker"), ros.node("listener"), []
    publisher = RosPublisher(node)
    publisher.advertise(OutputTopic(LEGEND, messages.String.type_name, "", latched=True))
    assert publisher.is_wanted(LEGEND)
    publisher.publish(LEGEND, messages.String("hello"), 0)
    listener.create_subscription(String, "/talker/legend", heard.append, latched_profile())
    wait_until(lambda: [m.data for m in heard] == ["hello"], "the message")


def test_a_type_that_is_not_installed_is_left_out_only_where_it_is_optional(ros):
    publisher = RosPublisher(ros.node("talker"))
    publisher.advertise(OutputTopic(WORDS, "no_such_package/msg/Word", "", optional=True))
    assert not publisher.is_wanted(WORDS)
    with pytest.raises(ConfigError, match="install the ROS package no_such_package"):
        publisher.advertise(OutputTopic(WORDS, "no_such_package/msg/Word", ""))


def test_ros_own_overrides_hold(ros):
    override = f"qos_overrides.{WORDS}.publisher.reliability"
    node = ros.node("talker", cli_args=["--ros-args", "-p", f"{override}:=best_effort"])
    RosPublisher(node).advertise(words())
    (offered,) = node.get_publishers_info_by_topic(WORDS)
    assert offered.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT
