"""Inputs hear every publisher, reliably where all of them offer it, and count what they lost."""

import pytest
import rclpy
from rclpy.qos import QoSProfile, ReliabilityPolicy
from std_msgs.msg import String

from seg_perception.ros.qos import InputQos
from seg_perception.ros.subscription import AdaptiveSubscription

pytestmark = pytest.mark.ros
RELIABLE, BEST_EFFORT = ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT


def test_a_subscription_turns_best_effort_when_such_a_publisher_comes(ros, wait_until):
    node = ros.node("listener")
    heard = []
    source = AdaptiveSubscription(node, String, "words", heard.append)
    assert source.reliable
    talker = ros.node("talker")
    publisher = talker.create_publisher(
        String, "words", QoSProfile(depth=1, reliability=BEST_EFFORT)
    )
    wait_until(lambda: source.incompatible, "the event of incompatible QoS")
    assert source.adapt()
    assert not source.reliable
    assert not source.adapt(), "nothing changed meanwhile"
    wait_until(lambda: publisher.get_subscription_count() == 1, "a match")
    publisher.publish(String(data="hello"))
    wait_until(lambda: [m.data for m in heard] == ["hello"], "the message")
    assert source.received == 1
    assert source.incompatible == {}

    talker.destroy_publisher(publisher)
    wait_until(lambda: source.publisher_count == 0, "the publisher's end")
    assert source.adapt()
    assert source.reliable


def test_a_subscription_that_insists_says_what_does_not_fit(ros, wait_until):
    node = ros.node("listener")
    source = AdaptiveSubscription(node, String, "words", print, InputQos(reliability="reliable"))
    node.create_publisher(String, "words", QoSProfile(depth=1, reliability=BEST_EFFORT))
    wait_until(lambda: source.incompatible, "the event of incompatible QoS")
    assert source.incompatible["remedy"] == "set node.input_reliability: auto"
    assert not source.adapt()


def test_ros_own_overrides_win(ros):
    override = "qos_overrides./words.subscription.reliability"
    node = ros.node("listener", cli_args=["--ros-args", "-p", f"{override}:=best_effort"])
    source = AdaptiveSubscription(node, String, "words", print)
    offered = node.get_subscriptions_info_by_topic("/words")
    assert offered[0].qos_profile.reliability == BEST_EFFORT
    assert not source.adapt()


def test_an_override_that_does_not_fit_is_named(ros, wait_until):
    override = "qos_overrides./words.subscription.reliability"
    node = ros.node("listener", cli_args=["--ros-args", "-p", f"{override}:=reliable"])
    node.create_publisher(String, "words", QoSProfile(depth=1, reliability=BEST_EFFORT))
    wait_until(lambda: node.count_publishers("/words") == 1, "the publisher")
    source = AdaptiveSubscription(node, String, "words", print)
    wait_until(lambda: f"remove {override}" == source.incompatible.get("remedy"), "the mend")


def test_messages_that_a_full_queue_lost_are_counted_by_their_numbers(ros, wait_until):
    node = rclpy.create_node("listener", context=ros.context)
    executor = rclpy.executors.SingleThreadedExecutor(context=ros.context)
    executor.add_node(node)
    heard = []
    source = AdaptiveSubscription(
        node, String, "words", lambda m: heard.append(m.data), InputQos(depth=2)
    )

    def spin_until(word):
        def came():
            executor.spin_once(timeout_sec=0.05)
            return word in heard

        wait_until(came, word)

    def talk(name, words):
        publisher = talker.create_publisher(String, "words", 100)
        wait_until(lambda: publisher.get_subscription_count() == 1, "a match")
        for word in words:
            publisher.publish(String(data=f"{name} {word}"))
        return publisher

    talker = ros.node("talker")
    first = talk("a", [0])
    spin_until("a 0")
    for word in range(1, 10):
        first.publish(String(data=f"a {word}"))
    spin_until("a 9")
    assert (source.received, source.lost) == (3, 7)
    # Another publisher counts from one; what it said before it was heard is not known.
    talker.destroy_publisher(first)
    wait_until(lambda: source.publisher_count == 0, "its end")
    second = talk("b", range(5))
    spin_until("b 4")
    assert (source.received, source.lost) == (5, 7)
    # Of two publishers nobody knows which sent what.
    third = talk("c", range(5))
    spin_until("c 4")
    assert source.lost == 7
    for publisher in (second, third):
        talker.destroy_publisher(publisher)
    node.destroy_node()
