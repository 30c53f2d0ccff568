"""A node lives on, and hears, whatever fails within its executor."""

import threading

import pytest
from rclpy.executors import SingleThreadedExecutor
from std_msgs.msg import String

from seg_perception.ros.executor import ResilientExecutor

pytestmark = pytest.mark.ros


@pytest.fixture
def heard(ros):
    """Words that a node hears; one of them is more than its callback can bear."""
    import rclpy

    words = []

    def hear(message):
        words.append(message.data)
        if message.data == "fault":
            raise ValueError(message.data)

    node = rclpy.create_node("listener", context=ros.context)
    node.create_subscription(String, "/word", hear, 10)
    executor = ResilientExecutor(node)
    thread = threading.Thread(target=executor.spin_on)
    thread.start()
    yield words
    executor.shutdown()
    thread.join(timeout=5.0)
    node.destroy_node()
    assert not thread.is_alive()


@pytest.fixture
def say(ros, wait_until, heard):
    publisher = ros.node("talker").create_publisher(String, "/word", 10)
    wait_until(lambda: publisher.get_subscription_count() == 1, "the listener")
    return lambda word: publisher.publish(String(data=word))


def test_a_callback_that_fails_costs_its_message_only(heard, say, wait_until):
    for word in ("one", "fault", "two"):
        say(word)
    wait_until(lambda: heard == ["one", "fault", "two"], "every word")


def test_a_message_that_can_not_be_taken_costs_itself_only(heard, say, wait_until, monkeypatch):
    take, failures = SingleThreadedExecutor._take_subscription, []

    def take_once_without_memory(self, sub):
        if sub.topic == "/word" and not failures:
            failures.append(take(self, sub))
            msg = "Unable to convert call argument '0' to Python object"
            raise RuntimeError(msg)
        return take(self, sub)

    monkeypatch.setattr(SingleThreadedExecutor, "_take_subscription", take_once_without_memory)
    say("lost")
    wait_until(lambda: failures, "the failure")
    say("next")
    wait_until(lambda: heard == ["next"], "the word after it")
