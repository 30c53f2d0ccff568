"""Depth cameras in the form of their drivers, played live to the shipped platforms' files."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
import yaml
from nav2_layer import Nav2Layer
from rclpy.qos import QoSProfile, ReliabilityPolicy

from seg_perception.config import Config
from seg_perception.geometry.transforms import StampedTransform, TransformTree
from seg_perception.io import messages
from seg_perception.io.depth import decode_depth
from seg_perception.io.messages import CompressedImage
from seg_perception.io.perception_messages import SegmentationStatus
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.io.transforms import decode_tf, encode_tf
from seg_perception.robots import platforms
from seg_perception.robots.nav2 import nav2_parameters
from seg_perception.ros.qos import latched_profile, tf_profile
from test.fixtures.depth_cameras import OAK, ORBBEC, REALSENSE, WALL_M, ZED
from test.io.test_depth import compressed

pytestmark = pytest.mark.ros

RED, GREEN = 0, 1
DEPTH = 3  # of StreamStatus
AGAIN_S = 1.0
# On a busy machine depths wait long for the labels of their picture.
PATIENT = {"synchronizer.max_wait_s": 5.0}
# RealSense and Orbbec send at best effort where their *_qos says SENSOR_DATA.
RELIABLE, BEST_EFFORT = ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT


class Player:
    """Sends a driver's moments until somebody has heard what is wanted."""

    def __init__(self, robot, driver, reliability) -> None:
        self.robot, self.driver = robot, driver
        self.profile = QoSProfile(depth=10, reliability=reliability)
        self.sent_s, self.count = 0.0, 0
        for _, topic, message in driver.moment(robot.now_ns()):
            robot.publisher(topic, message.type_name, self.profile)
        robot.send("/tf_static", driver.mounting(), latched_profile())
        robot.publisher("/tf", messages.TFMessage.type_name, tf_profile())

    def play(self) -> None:
        """A moment once a while."""
        if time.monotonic() - self.sent_s < AGAIN_S:
            return
        at = self.robot.now_ns()
        pose = StampedTransform("odom", "base_link", at, np.eye(4))
        self.robot.send("/tf", encode_tf([pose]))
        self.count += 1
        for _, topic, message in self.driver.moment(at):
            if topic == self.driver.image:
                # A camera whose pictures are the same byte by byte shows no free ground.
                message.data[0] += self.count % 2
            self.robot.send(topic, message)
        self.sent_s = time.monotonic()


def platform_file(name, parameters, **changed):
    """The parameter file of a platform, with a model of three colours."""
    nobody = dict.fromkeys(("camera.front.image_topic", "lidar.top.topic"))
    chosen = {k: v for k, v in platforms.load(name).to_parameters().items() if v != []}
    chosen = {k: v for k, v in chosen.items() if k.startswith(("camera", "transforms.fixed"))}
    return parameters(**{**nobody, **chosen, **PATIENT, "lidars": None, **changed})


@pytest.mark.parametrize(
    ("name", "driver", "reliability"),
    [
        ("realsense", REALSENSE, RELIABLE),
        ("realsense", REALSENSE, BEST_EFFORT),
        ("zed", ZED, RELIABLE),
        ("oak", OAK, RELIABLE),
        ("orbbec", ORBBEC, RELIABLE),
    ],
)
def test_a_drivers_depths_are_labelled_live(
    name, driver, reliability, ros, robot, parameters, wait_until
):
    config = platforms.load(name)
    (depth,) = config.depths.values()
    clouds = robot.listen(depth.output_topic, messages.PointCloud2.type_name)
    player = Player(robot, driver, reliability)
    file = platform_file(name, parameters)
    process = ros.start("perception_node", "--ros-args", "--params-file", file)

    def labelled() -> bool:
        player.play()
        return any((decode_cloud(c).points["label"] != 255).any() for c in list(clouds))

    wait_until(labelled, "labelled points")
    found = next(c for c in map(decode_cloud, clouds) if (c.points["label"] != 255).any())
    points = found.points
    assert (points.shape, found.frame_id) == ((8, 16), driver.depths.frame)
    measured = np.isfinite(points["z"])
    np.testing.assert_allclose(points["z"][measured], WALL_M, atol=1e-3)
    known = measured & (points["label"] != 255)
    expected = np.where(points["x"] < 0, RED, GREEN)
    np.testing.assert_array_equal(points["label"][known], expected[known])
    assert known.sum() > 0.8 * measured.sum()
    summary = process.account()
    (stream,) = [s for s in summary["streams"] if s.startswith("depth.")]
    assert summary["streams"][stream]["published"] >= 1


def test_navs_layer_takes_the_sets_of_a_depth_camera(
    ros, robot, parameters, wait_until, colour_model
):
    pytest.importorskip("vision_msgs.msg", reason="vision_msgs is not installed; run make setup")
    wishes = {"output.nav2_semantic_cloud": True, "output.nav2_base_frame": "base_link"}
    file = platform_file("realsense", parameters, **wishes)
    config, ontology = Config.load(file), colour_model.source(16, 8).ontology
    costmap = yaml.safe_load(nav2_parameters(config, ontology))["local_costmap"]["local_costmap"]
    frames = TransformTree()
    for edge in decode_tf(REALSENSE.mounting()):
        frames.set_static(edge.parent, edge.child, edge.T_parent_child)
    layer = Nav2Layer(
        costmap["ros__parameters"]["semantic_layer"],
        lambda frame, stamp_ns: frames.lookup("base_link", frame, stamp_ns),
    )
    layer.subscribe(ros.node("costmap"))
    (source,) = layer.sources.values()
    player = Player(robot, REALSENSE, RELIABLE)
    process = ros.start("perception_node", "--ros-args", "--params-file", file)

    def taken() -> bool:
        player.play()
        return bool(source.taken_ns)

    wait_until(taken, "a set")
    assert set(source.counts) == {"taken"}
    source.update(source.taken_ns[-1] / 1e9)
    # Of the wall 2.3 m before the base, red costs nothing and green a little.
    left, right = (source.cost_at(WALL_M + 0.3, 0.25 + aside) for aside in (0.6, -0.6))
    assert (left, right) == (0, 102)
    process.account()


def test_compressed_depths_are_found_by_what_is_published(ros, robot, parameters, wait_until):
    topic = f"{ORBBEC.depths.topic}/compressedDepth"
    clouds = robot.listen("/camera/color/semantic/points", messages.PointCloud2.type_name)
    statuses = robot.listen("/perception_node/status", SegmentationStatus.type_name)
    file = parameters(
        **{
            **PATIENT,
            "camera.front.image_topic": ORBBEC.image,
            "camera.front.depth_topic": topic,
            "transforms.fixed_frame": "",
            "lidars": None,
            "lidar.top.topic": None,
        }
    )
    player = Player(robot, ORBBEC, RELIABLE)
    robot.publisher(topic, CompressedImage.type_name, player.profile)
    process = ros.start("perception_node", "--ros-args", "--params-file", file)

    def labelled() -> bool:
        if time.monotonic() - player.sent_s >= AGAIN_S:
            player.play()
            for _, name, message in ORBBEC.moment(robot.now_ns()):
                if name == ORBBEC.depths.topic:
                    body = compressed(decode_depth(message), "16UC1; compressedDepth rvl")
                    robot.send(topic, CompressedImage(message.header, body.format, body.data))
        return any((decode_cloud(c).points["label"] != 255).any() for c in list(clouds))

    wait_until(labelled, "labelled points")
    wait_until(lambda: statuses, "a status")
    depths = [s for s in statuses[-1].streams if s.kind == DEPTH]
    assert [s.name for s in depths] == ["front"]
    process.account()


def test_depths_that_have_no_lens_of_their_own_are_said(ros, robot, parameters, wait_until):
    statuses = robot.listen("/perception_node/status", SegmentationStatus.type_name)
    lost = replace(ORBBEC.depths, frame="camera_depth_optical_frame", info_topic="/elsewhere")
    file = parameters(
        **{
            "camera.front.image_topic": ORBBEC.image,
            "camera.front.depth_topic": ORBBEC.depths.topic,
            "transforms.fixed_frame": "",
            "lidars": None,
            "lidar.top.topic": None,
        }
    )
    player = Player(robot, replace(ORBBEC, depths=lost), RELIABLE)
    process = ros.start("perception_node", "--ros-args", "--params-file", file)

    def said() -> bool:
        player.play()
        warnings = [w for s in list(statuses)[-1:] for w in s.warnings]
        return any("no camera_info came on /camera/depth/camera_info" in w for w in warnings)

    wait_until(said, "what is missing")
    process.account()
