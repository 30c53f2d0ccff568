"""In simulated time nothing is recorded before the clock runs, and nothing that lasts is lost."""

import json

import pytest
from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, QoSProfile
from rosgraph_msgs.msg import Clock
from std_msgs.msg import String

from seg_perception.io.bag_reader import BagReader

pytestmark = pytest.mark.ros

NOW_S = 1_700_000_000
SECOND = Duration(seconds=5)
# A chunk of the file, so that it grows.
WORD = "x" * (1 << 20)
SIM_TIME = ("--ros-args", "-p", "use_sim_time:=true")


@pytest.fixture
def talker(ros):
    return ros.node("talker")


@pytest.fixture
def tape(ros, talker, wait_until, tmp_path):
    """A recorder in simulated time that has heard a latched and a passing word, and no clock."""
    kept = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    legend = talker.create_publisher(String, "/legend", kept)
    word = talker.create_publisher(String, "/word", 10)
    path = tmp_path / "out.mcap"
    recorder = ros.start("bag_recorder", path, "--topics", "/legend", "/word", *SIM_TIME)
    wait_until(lambda: legend.get_subscription_count() == word.get_subscription_count() == 1, "it")
    for publisher in (legend, word):
        publisher.publish(String(data="early"))
        assert publisher.wait_for_all_acked(SECOND)
    return recorder, path, word


def test_latched_messages_wait_for_the_clock_and_others_are_left_out(tape, talker, wait_until):
    recorder, path, word = tape
    clock = talker.create_publisher(Clock, "/clock", 10)

    def grows():
        tick = Clock()
        tick.clock.sec = NOW_S
        clock.publish(tick)
        word.publish(String(data=WORD))
        return path.stat().st_size > len(WORD)

    wait_until(grows, "that it records")
    code, out, log = recorder.end()
    assert code == 0, log
    report = json.loads(out)
    assert report["before_the_clock"]["/word"] >= 1
    assert "left out before /clock ran" in log
    with BagReader(path) as bag:
        found = [(m.topic, m.log_time_ns, m.message.data) for m in bag.messages()]
    assert found[0] == ("/legend", NOW_S * 10**9, "early")
    assert {at for _, at, _ in found} == {NOW_S * 10**9}
    assert {text for topic, _, text in found if topic == "/word"} == {WORD}


def test_without_a_clock_nothing_is_recorded_and_that_is_said(tape):
    recorder, path, _ = tape
    code, out, log = recorder.end()
    assert code == 0, log
    assert json.loads(out)["before_the_clock"] == {"/legend": 1, "/word": 1}
    assert "left out before /clock ran" in log
    with BagReader(path) as bag:
        assert bag.message_count == 0
