"""A bag goes through the graph and comes out as it went in; both nodes say what they did."""

import json
import signal

import numpy as np
import pytest

from seg_perception.io import messages
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter

pytestmark = pytest.mark.ros

STEP_NS = 50_000_000
START_NS = 1_700_000_000_000_000_000


@pytest.fixture
def bag(tmp_path):
    """Ten images and words 50 ms apart, and one latched word."""
    path = tmp_path / "in.mcap"
    with BagWriter(path) as writer:
        writer.write("/legend", messages.String("what it means"), START_NS, latched=True)
        for number in range(10):
            stamp = START_NS + number * STEP_NS
            pixels = np.full((4, 5), number, np.uint8)
            header = messages.Header.at(stamp, "cam")
            writer.write("/image", messages.Image(header, 4, 5, "mono8", 0, 5, pixels), stamp)
            writer.write("/word", messages.String(f"word {number}"), stamp)
    return path


def contents(path):
    """The messages by topic, without the padding that DDS appends."""
    with BagReader(path) as reader:
        return {
            topic.name: [bytes(m.raw).rstrip(b"\0") for m in reader.messages([topic.name])]
            for topic in reader.topics
        }


def test_what_is_played_is_what_is_recorded(ros, bag, tmp_path):
    recorder = ros.start(
        "bag_recorder", tmp_path / "out.mcap", "--topics", "/image", "/word", "/legend"
    )
    player = ros.start("bag_player", bag, "--wait", "--tail", "0.3", "--rate", "2")
    code, out, err = player.end(None)
    assert code == 0, err
    report = json.loads(out)
    assert report["sent"] == {"/image": 10, "/word": 10, "/legend": 1}
    assert report["skipped"] == {}
    assert report["duration_s"] >= 9 * 0.05 / 2
    code, out, err = recorder.end()
    assert code == 0, err
    report = json.loads(out)
    assert report["recorded"] == {"/image": 10, "/word": 10, "/legend": 1}
    assert report["dropped"] == {}
    assert sum(report["lost_in_transport"].values()) == 0
    assert contents(tmp_path / "out.mcap") == contents(bag)
    with BagReader(tmp_path / "out.mcap") as reader:
        assert {t.name for t in reader.topics if t.latched} == {"/legend"}


def test_the_clock_runs_in_the_bags_time(ros, bag):
    from rosgraph_msgs.msg import Clock

    ticks = []
    ros.node("watch").create_subscription(Clock, "/clock", ticks.append, 100)
    code, _, err = ros.start("bag_player", bag, "--clock", "--wait-for", "/clock").end(None)
    assert code == 0, err
    stamps = [messages.stamp_to_ns(tick.clock) for tick in ticks]
    assert stamps == sorted(stamps)
    assert stamps[0] >= START_NS
    assert stamps[-1] == START_NS + 9 * STEP_NS
    # It is right when a message comes, and goes on between them.
    of_messages = {START_NS + number * STEP_NS for number in range(10)}
    assert of_messages < set(stamps)


def test_a_loop_plays_again_until_stopped(ros, bag, wait_until):
    from std_msgs.msg import String

    words = []
    node = ros.node("listener")
    node.create_subscription(String, "/word", lambda m: words.append(m.data), 100)
    player = ros.start("bag_player", bag, "--topics", "/word", "--loop", "--rate", "10", "--wait")
    wait_until(lambda: words.count("word 0") >= 2, "the second round")
    code, out, err = player.end(signal.SIGINT)
    assert code == 0, err
    assert json.loads(out)["sent"]["/word"] > 10


def test_a_ros_1_bag_is_played_as_ros_2(ros, tmp_path, wait_until):
    from rclpy.qos import DurabilityPolicy, QoSProfile
    from rosbags.rosbag1 import Writer
    from rosbags.typesys import Stores, get_types_from_msg, get_typestore
    from tf2_msgs.msg import TFMessage

    store = get_typestore(Stores.ROS1_NOETIC)
    old_name = "tf/msg/tfMessage"
    store.register(get_types_from_msg("geometry_msgs/TransformStamped[] transforms", old_name))
    types = store.types
    moment = types["builtin_interfaces/msg/Time"](sec=1_700_000_000, nanosec=5)
    header = types["std_msgs/msg/Header"](seq=3, stamp=moment, frame_id="/base")
    zero = types["geometry_msgs/msg/Vector3"](x=1.0, y=2.0, z=3.0)
    turn = types["geometry_msgs/msg/Quaternion"](x=0.0, y=0.0, z=0.0, w=1.0)
    transform = types["geometry_msgs/msg/Transform"](translation=zero, rotation=turn)
    stamped = types["geometry_msgs/msg/TransformStamped"](header, "camera", transform)
    bag = tmp_path / "old.bag"
    with Writer(bag) as writer:
        connection = writer.add_connection("/tf_static", old_name, typestore=store)
        message = types[old_name](transforms=[stamped])
        writer.write(connection, START_NS, store.serialize_ros1(message, old_name))

    heard = []
    qos = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    ros.node("listener").create_subscription(TFMessage, "/tf_static", heard.append, qos)
    code, out, err = ros.start("bag_player", bag, "--wait").end(None)
    assert code == 0, err
    assert json.loads(out)["sent"] == {"/tf_static": 1}
    wait_until(lambda: heard, "the transform")
    got = heard[0].transforms[0]
    assert (got.header.stamp.nanosec, got.child_frame_id) == (5, "camera")
    assert got.transform.translation.y == 2.0


def test_nobody_listens(ros, bag):
    player = ros.start("bag_player", bag, "--wait-for", "/word", "--wait-timeout", "0.2")
    code, out, err = player.end(None)
    assert code == 2
    assert out == ""
    assert "nobody subscribed ['/word'] within 0.2 s" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--topics", "/nothing"], "expected some of the topics"),
        (["--wait-for", "/nothing"], "--wait-for: expected some of"),
    ],
)
def test_a_topic_that_the_bag_lacks(ros, bag, arguments, sentence):
    code, _, err = ros.start("bag_player", bag, *arguments).end(None)
    assert code == 2
    assert sentence in err


def test_a_bag_that_is_not_there(ros, tmp_path):
    code, _, err = ros.start("bag_player", tmp_path / "none.mcap").end(None)
    assert code == 2
    assert "none.mcap" in err


def test_a_file_is_never_overwritten(ros, bag):
    before = bag.read_bytes()
    code, _, err = ros.start("bag_recorder", bag).end(None)
    assert code == 2
    assert "exists" in err
    assert bag.read_bytes() == before
