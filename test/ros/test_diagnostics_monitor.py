"""The status says in words what is wrong lately."""

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.errors import ImageError
from seg_perception.core.issue_kinds.inputs import INCOMPATIBLE_QOS
from seg_perception.core.issue_kinds.places import BAD_TRANSFORM
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import PointCloud, PointStatus, SemanticCloud
from seg_perception.io.messages import Image, TFMessage
from seg_perception.outputs.topics import OutputTopic
from seg_perception.ros import diagnostics_monitor as module
from seg_perception.ros.conversions import message_class
from seg_perception.ros.diagnostics_monitor import DiagnosticsMonitor
from seg_perception.ros.node_context import NodeContext

pytestmark = pytest.mark.ros
SECOND = 1_000_000_000


class Source:
    topic, lost = "/front/image_raw", 0

    def __init__(self, stream):
        self.stream = stream


class OneComponent:
    streams = (Source("camera.front"), Source("lidar.top"))


@pytest.fixture
def context(ros):
    return make_context(ros.node("robot"))


def make_context(node):
    config = Config.from_parameters(
        {
            "cameras": ["front"],
            "camera.front.image_topic": "/front/image_raw",
            "lidars": ["top"],
            "lidar.top.topic": "/top/points",
        }
    )
    classes = [{"id": 0, "name": "ground", "color": "#112233"}]
    made = NodeContext(node, config, Ontology.parse({"name": "t", "classes": classes}, "t"))
    for source in OneComponent.streams:
        made.perception.accounting.open_stream(source.stream)
    return made


def kind_of(name):
    return message_class(f"sensor_msgs/msg/{name}")


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])

    def advance(seconds):
        now[0] += seconds

    return advance


def said(monitor):
    return [str(issue) for issue in monitor.issues()]


def publish(context, stream, count=1):
    for _ in range(count):
        context.perception.accounting.receive(stream).publish()


def count_points(context, seen, unseen):
    points = np.zeros((1, seen + unseen), [(axis, "<f4") for axis in "xyz"])
    state = np.array([PointStatus.LABELLED] * seen + [PointStatus.OUT_OF_VIEW] * unseen, np.uint8)
    zeros = np.zeros(seen + unseen, np.uint8)
    cloud = PointCloud(points, 0, "top")
    context.perception.accounting.count_points(
        SemanticCloud("top", cloud, zeros, zeros.astype(np.float32), state, zeros)
    )


def test_silence_is_told_after_the_window_and_forgotten_when_it_ends(context, clock):
    monitor = DiagnosticsMonitor(context, [OneComponent()])
    clock(1.0)
    assert said(monitor) == [], "a second says nothing about a slow sensor"
    publish(context, "lidar.top")
    clock(5.0)
    silent = said(monitor)
    assert [w for w in silent if "camera.front: no message came" in w]
    assert not [w for w in silent if "lidar.top: no message" in w]
    publish(context, "camera.front")
    clock(5.0)
    later = said(monitor)
    assert not [w for w in later if "camera.front" in w]
    assert [w for w in later if "lidar.top: no message came" in w]


def test_nothing_is_told_of_a_sensor_that_is_switched_off(context, clock):
    monitor = DiagnosticsMonitor(context, [OneComponent()])
    off = context.config.to_parameters() | {"camera.front.enabled": False}
    context.reconfigure(Config.from_parameters(off))
    clock(1.0)
    clock(5.0)
    silent = said(monitor)
    assert not [w for w in silent if "camera.front" in w]
    assert [w for w in silent if "lidar.top: no message came" in w]


def test_only_drops_are_told_with_their_reasons(context, clock):
    monitor = DiagnosticsMonitor(context, [OneComponent()])
    for _ in range(4):
        context.perception.accounting.receive("camera.front").drop("bad_image")
    clock(6.0)
    assert any("none of 4 messages gave a result (4 bad_image)" in w for w in said(monitor))


def test_points_beside_every_camera_hint_at_the_frame(context, clock):
    monitor = DiagnosticsMonitor(context, [OneComponent()])
    publish(context, "camera.front")
    publish(context, "lidar.top")
    count_points(context, seen=1, unseen=999)
    clock(6.0)
    assert any("body frame where an optical one" in w for w in said(monitor))


def test_what_stands_in_the_log_of_issues_is_passed_on_at_once_but_no_notes(context, clock):
    issues = context.perception.issues
    qos = {"topic": "/front/image_raw", "offered": ["best_effort"], "remedy": "mend it"}
    issues.hold(INCOMPATIBLE_QOS, "camera.front", **qos)
    issues.add(BAD_TRANSFORM, "/tf", child="gps", error="zeros")
    issues.add_error("camera.front", ImageError("torn"))
    monitor = DiagnosticsMonitor(context, [OneComponent()])
    offered = "incompatible QoS, subscribed reliable, offered ['best_effort']; mend it"
    assert said(monitor) == [
        f"camera.front: /front/image_raw: {offered}",
        "/tf: transform of 'gps' refused: zeros",
    ]


@pytest.mark.parametrize(
    ("stamp", "words"),
    [
        (lambda _now: 3600 * SECOND, "stamps count from the sensor's start"),
        (lambda now: now + 10 * SECOND, "in the future"),
        (lambda now: now, None),
    ],
)
def test_clocks_that_differ_are_named(context, clock, stamp, words):
    monitor = DiagnosticsMonitor(context, [OneComponent()])
    context.clock.observe("lidar.top", stamp(context.clock.now_ns()))
    warnings = said(monitor)
    assert (len(warnings) == 1 and words in warnings[0]) if words else warnings == []


def test_a_lidar_that_falls_silent_sends_no_empty_clouds(context, clock):
    monitor = DiagnosticsMonitor(context, [OneComponent()])
    publish(context, "camera.front")
    publish(context, "lidar.top")
    count_points(context, seen=10, unseen=0)
    clock(3.0)
    assert said(monitor) == []
    clock(3.0)
    said(monitor)
    publish(context, "camera.front")
    clock(5.0)
    (only,) = said(monitor)
    assert only.startswith("lidar.top: no message came")


def test_simulated_time_that_nobody_publishes_is_named_in_place_of_the_future(ros, clock):
    from rclpy.parameter import Parameter

    node = ros.node("robot", parameter_overrides=[Parameter("use_sim_time", value=True)])
    context = make_context(node)
    monitor = DiagnosticsMonitor(context, [OneComponent()])
    context.clock.observe("lidar.top", 1_700_000_000 * SECOND)
    (only,) = said(monitor)
    assert only == (
        "use_sim_time is set, and nothing came on /clock: the node's time stands still; play the "
        "bag with --clock, or set use_sim_time to false"
    )


def test_a_stamp_of_zero_is_not_one_since_boot(context, clock):
    monitor = DiagnosticsMonitor(context, [OneComponent()])
    context.clock.observe("lidar.top", 0)
    (only,) = said(monitor)
    assert only.startswith("lidar.top: its stamp is 0")


def test_two_drivers_on_one_topic_are_named(ros, context, clock, wait_until):
    for name in ("driver", "player"):
        ros.node(name).create_publisher(kind_of("Image"), Source.topic, 1)
    monitor = DiagnosticsMonitor(context, [OneComponent()])
    words = "/front/image_raw has more than one publisher (/driver, /player), whose messages get"
    wait_until(lambda: any(words in line for line in said(monitor)), "both")


def test_two_nodes_with_the_same_outputs_say_so(ros, context, clock, wait_until):
    topic = OutputTopic("/front/semantic/label_image", Image.type_name, "camera.front")
    context.outputs.advertise([topic])
    monitor = DiagnosticsMonitor(context, [OneComponent()])
    assert said(monitor) == []
    other = ros.node("robot", namespace="second")
    other.create_publisher(kind_of("Image"), topic.name, 1)
    words = "/front/semantic/label_image is published by /second/robot, too; give this node other"
    wait_until(lambda: any(words in line for line in said(monitor)), "the other one")


def test_transforms_under_a_namespace_are_named_until_there_are_others(
    ros, context, clock, wait_until
):
    robot = ros.node("clearpath")
    kind = message_class(TFMessage.type_name)
    robot.create_publisher(kind, "/a200_0000/tf", 1)
    monitor = DiagnosticsMonitor(context, [OneComponent()])
    words = "nothing on /tf, but on /a200_0000/tf; start the node with --ros-args -r /tf:=/a200"
    wait_until(lambda: any(words in line for line in said(monitor)), "the remapping")
    robot.create_publisher(kind, "/tf", 1)
    wait_until(lambda: not any("a200" in line for line in said(monitor)), "that all is well")
