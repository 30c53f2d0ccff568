"""Nav2's semantic layer, emulated, on the topics of a running node over real DDS."""

from __future__ import annotations

import time

import numpy as np
import pytest
import yaml
from nav2_layer import NO_INFORMATION, Nav2Layer

from seg_perception.config import Config
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import PointCloud
from seg_perception.io import messages
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.perception_messages import SegmentationStatus
from seg_perception.io.pointcloud2 import encode_cloud
from seg_perception.replay.replay import replay
from seg_perception.robots.nav2 import nav2_parameters

pytestmark = pytest.mark.ros
pytest.importorskip("vision_msgs.msg", reason="vision_msgs is not installed; run make setup")
NAV2 = {"output.nav2_semantic_cloud": True, "output.nav2_base_frame": "base"}
ROWS, COLUMNS = 16, 1024
SETS = {"label_image": "Image", "confidence": "Image", "points": "PointCloud2"}
PERIOD_S, MINUTE_S = 0.1, 60.0
SCANS, LOST_S = 20, 5.0
LETHAL, ROUGH, FREE = 254, 102, 0


def semantic_layer(file, colour_model, **changed):
    """The layer with the parameters that are shipped for a robot file."""
    ontology: Ontology = colour_model.source(16, 8).ontology
    text = nav2_parameters(Config.load(file), ontology)
    costmap = yaml.safe_load(text)["local_costmap"]["local_costmap"]["ros__parameters"]
    return Nav2Layer({**costmap["semantic_layer"], **changed})


def organised(robot, stamp_ns):
    """A scan of 16 rows; the robot's four points are the first of each row, the others behind."""
    points = np.zeros((ROWS, COLUMNS), [(axis, "<f4") for axis in "xyz"])
    points["x"] = -9.0
    for axis, values in zip("xyz", zip(*robot.POINTS, strict=True), strict=True):
        points[axis][:, :4] = values
    return encode_cloud(PointCloud(points, stamp_ns, "top"))


class Player:
    """Sends moments with scans of many points to a node that a layer listens to."""

    def __init__(self, ros, robot, parameters, colour_model, *, approximate) -> None:
        file = parameters(**NAV2)
        layer = semantic_layer(file, colour_model, use_approximate_time_sync=approximate)
        self.robot, self.source, self.sent_ns = robot, layer.sources["top"], []
        layer.subscribe(ros.node("costmap"))
        robot.advertise()
        self.process = ros.start("perception_node", "--ros-args", "--params-file", file)
        robot.wait_until_heard()

    def send(self):
        """One moment, now."""
        at = self.robot.now_ns()
        # A camera whose pictures are the same byte by byte shows no free ground.
        pixels = self.robot.image(at).data.copy()
        pixels[0, 0, 0] += len(self.sent_ns) % 2
        moment = {**self.robot.moment(at, pixels), "/top/points": organised(self.robot, at)}
        for topic, message in moment.items():
            self.robot.send(topic, message)
        self.sent_ns.append(at)

    def begin(self, wait_until):
        """Send until the layer takes sets; what was sent until then does not count."""
        with self.robot.streaming(PERIOD_S, self.send):
            wait_until(lambda: self.source.taken_ns, "the first set")
        self.sent_ns.clear()

    @property
    def taken(self):
        """How many of the moments reached the layer as a set."""
        return len(set(self.sent_ns) & set(self.source.taken_ns))


@pytest.mark.parametrize("approximate", [False, True])
def test_the_layer_takes_nearly_every_scan(
    ros, robot, parameters, wait_until, colour_model, approximate
):
    player = Player(ros, robot, parameters, colour_model, approximate=approximate)
    source = player.source
    player.begin(wait_until)
    for _ in range(SCANS):
        player.send()
        # On a machine that can't follow in real time the next scan waits for this one.
        given_up_s = time.monotonic() + LOST_S
        while player.sent_ns[-1] not in source.taken_ns and time.monotonic() < given_up_s:
            time.sleep(0.01)
    assert player.taken >= 0.95 * SCANS
    assert set(source.counts) == {"taken"}
    assert source.ignored == []
    source.update(player.sent_ns[-1] / 1e9)
    costs = [source.cost_at(x, y) for x, y, _ in robot.POINTS]
    # Red, green and blue; the fourth point lies behind the camera.
    assert costs == [FREE, ROUGH, LETHAL, NO_INFORMATION]
    player.process.account()


@pytest.mark.long
@pytest.mark.parametrize("approximate", [False, True])
def test_the_layer_takes_nearly_every_scan_of_a_minute_in_real_time(
    ros, robot, parameters, wait_until, colour_model, approximate
):
    player = Player(ros, robot, parameters, colour_model, approximate=approximate)
    player.begin(wait_until)
    with robot.streaming(PERIOD_S, player.send):
        wait_until(lambda: len(player.sent_ns) >= MINUTE_S / PERIOD_S, "a minute", 2 * MINUTE_S)
    count = len(player.sent_ns)
    wait_until(lambda: player.taken >= 0.95 * count, f"95 % of {count} sets")
    player.process.account()


def test_layers_that_come_while_sets_are_published_have_the_names_first(
    ros, robot, parameters, wait_until, colour_model
):
    file = parameters(**NAV2)
    robot.advertise()
    points = robot.listen("/top/semantic/nav2/points", "sensor_msgs/msg/PointCloud2")
    process = ros.start("perception_node", "--ros-args", "--params-file", file)
    robot.wait_until_heard()
    # A set before the names raises in the layer's callback, and the test ends with that.
    with robot.streaming(0.02, lambda: robot.step(robot.now_ns())):
        wait_until(lambda: points, "the first set")
        for number in range(5):
            layer = semantic_layer(file, colour_model)
            # A participant each, as Nav2's processes are: what is sent to one of several readers in
            # a process reaches a new one beside it before the publisher knows of that one.
            layer.subscribe(ros.apart().node(f"costmap_{number}"))
            wait_until(lambda source=layer.sources["top"]: source.counts["taken"], "a set")
    process.account()


def stamp_of(message):
    return messages.stamp_to_ns(message.header.stamp)


def replayed(robot, file, folder, stamp_ns):
    """The set that a replay makes of the same moment, by name."""
    bag, out = folder / "in.mcap", folder / "out.mcap"
    with BagWriter(bag) as writer:
        writer.write("/tf_static", robot.mounting(), stamp_ns, latched=True)
        for topic, message in robot.moment(stamp_ns).items():
            writer.write(topic, message, stamp_ns)
    replay(bag, out, Config.load(file))
    with BagReader(out) as reader:
        made = {m.topic.rpartition("/nav2/")[2]: m.message for m in reader.messages()}
    return {name: made[name] for name in SETS}


def test_a_set_has_one_stamp_frame_and_shape_and_replay_makes_the_same_bytes(
    ros, robot, parameters, wait_until, tmp_path
):
    heard = {
        name: robot.listen(f"/top/semantic/nav2/{name}", f"sensor_msgs/msg/{kind}")
        for name, kind in SETS.items()
    }
    robot.advertise()
    file = parameters(**NAV2)
    process = ros.start("perception_node", "--ros-args", "--params-file", file)
    robot.wait_until_heard()
    with robot.streaming(PERIOD_S, lambda: robot.step(robot.now_ns())):
        wait_until(lambda: all(heard.values()), "a set")
    kept = [{stamp_of(message): message for message in came} for came in heard.values()]
    stamp_ns = max(set.intersection(*map(set, kept)))
    live = dict(zip(SETS, (by_stamp[stamp_ns] for by_stamp in kept), strict=True))
    assert [(m.header.frame_id, m.height, m.width) for m in live.values()] == [("top", 1, 4)] * 3
    assert list(live["label_image"].data) == [0, 1, 2, 255]
    assert list(live["confidence"].data)[3] == 0
    for name, message in replayed(robot, file, tmp_path, stamp_ns).items():
        assert bytes(message.data) == bytes(live[name].data)
        assert (stamp_of(message), message.header.frame_id) == (stamp_ns, "top")
        assert (message.height, message.width) == (1, 4)
    process.account()


def test_a_base_frame_without_a_transform_is_silence_and_said(ros, robot, parameters, wait_until):
    statuses = robot.listen("/perception_node/status", SegmentationStatus.type_name)
    clouds = robot.listen("/top/semantic/points", messages.PointCloud2.type_name)
    masks = robot.listen("/top/semantic/nav2/label_image", messages.Image.type_name)
    robot.advertise()
    file = parameters(**{**NAV2, "output.nav2_base_frame": "chassis"})
    process = ros.start("perception_node", "--ros-args", "--params-file", file)
    robot.wait_until_heard()
    sentence = "no transform from 'chassis'"
    with robot.streaming(PERIOD_S, lambda: robot.step(robot.now_ns())):
        wait_until(lambda: clouds and any(sentence in w for s in statuses for w in s.warnings),
                   "the reason")  # fmt: skip
    assert masks == []
    process.account()
