"""Clouds as real drivers send them: read where there is one way to, else told with their mend."""

import os
from dataclasses import replace

import numpy as np
import pytest

from seg_perception.core.types import PointCloud
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io import messages as m
from seg_perception.io.perception_messages import SegmentationStatus
from seg_perception.io.pointcloud2 import encode_cloud
from seg_perception.io.transforms import encode_tf
from seg_perception.ros.conversions import message_class

pytestmark = pytest.mark.ros

STEP_NS = 100_000_000
CLOUDS = "/top/points"


def send_moment(running, number, change):
    """A moment whose cloud is another one; waits until it is labelled."""
    stamp_ns = running.start_ns + number * STEP_NS
    for topic, message in running.robot.moment(stamp_ns).items():
        running.robot.send(topic, change(message) if topic == CLOUDS else message)
    running.cloud_of(stamp_ns)


def until_said(running, words, change, wait_until):
    """Send moments until the status says so."""
    sent = []

    def said():
        send_moment(running, len(sent), change)
        sent.append(running.last_labels())
        return running.says(words)

    wait_until(said, words)
    return sent


def test_a_wrong_row_step_costs_nothing_and_is_said(start_node, wait_until):
    def organised(cloud):
        return replace(cloud, height=2, width=2, row_step=0)

    running = start_node()
    sent = until_said(running, "lidar.top: row_step is 0", organised, wait_until)
    assert sent == [[0, 1, 2, 255]] * len(sent)
    assert running.account()["lidar.top"]["dropped"] == {}


def test_millimetres_are_named_and_nothing_else(start_node, wait_until):
    def millimetres(cloud):
        fields = [replace(field, datatype=5) for field in cloud.fields]
        whole = (cloud.data.view("<f4") * 1000).astype("<i4")
        return replace(cloud, fields=fields, data=whole.view("u1"))

    running = start_node()
    until_said(running, "set lidar.top.xyz_scale=0.001", millimetres, wait_until)
    assert not running.says("body frame")


def test_a_driver_of_millimetres_is_scaled(start_node):
    def millimetres(cloud):
        return replace(cloud, data=(cloud.data.view("<f4") * 1000).view("u1"))

    running = start_node(lidar__top__xyz_scale=0.001)
    for number in range(2):
        send_moment(running, number, millimetres)
        assert running.last_labels() == [0, 1, 2, 255]


def test_a_topic_of_another_type_is_named_with_what_reads_it(start_node, robot, wait_until):
    kind = message_class("sensor_msgs/msg/LaserScan")
    robot.node.create_publisher(kind, "/rear/scan", 10)
    running = start_node(lidars=["top", "rear"], **{"lidar.rear.topic": "/rear/scan"})
    words = (
        "lidar.rear: /rear/scan carries sensor_msgs/msg/LaserScan, expected sensor_msgs/msg/Point"
    )
    wait_until(lambda: running.says(words), words)
    wait_until(lambda: running.says("run pointcloud_to_laserscan's"), "what to run")
    running.step(0)
    assert running.last_labels() == [0, 1, 2, 255]


LIVOX_MISSING = "the messages of Livox drivers are not installed; run make setup"


def livox_scan(cloud, points):
    """The same points as a Livox lidar sends them, 10 ms apart."""
    found = [m.CustomPoint(10_000_000 * n, *xyz) for n, xyz in enumerate(points)]
    return m.CustomMsg(cloud.header, 0, len(found), 0, np.zeros(3, np.uint8), found)


def test_scans_of_a_livox_driver_are_labelled(start_node, robot):
    pytest.importorskip("livox_ros_driver2.msg", reason=LIVOX_MISSING)
    robot.publisher(CLOUDS, m.CustomMsg.type_name)
    running = start_node(transforms__max_extrapolation_s=0.2)
    for number in range(2):
        send_moment(running, number, lambda cloud: livox_scan(cloud, robot.POINTS))
        assert running.last_labels() == list(robot.LABELS)
    count = running.account()["lidar.top"]
    assert (count["published"], count["dropped"]) == (2, {})


def test_scans_whose_type_is_not_installed_are_named(
    ros, robot, parameters, tmp_path, monkeypatch, wait_until
):
    pytest.importorskip("livox_ros_driver2.msg", reason=LIVOX_MISSING)
    # For the node a package without messages stands in front of the installed one.
    (tmp_path / "livox_ros_driver2").mkdir()
    (tmp_path / "livox_ros_driver2" / "__init__.py").touch()
    paths = [str(tmp_path), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    monkeypatch.setitem(ros.environment, "PYTHONPATH", os.pathsep.join(filter(None, paths)))
    robot.publisher(CLOUDS, m.CustomMsg.type_name)
    statuses = robot.listen("/perception_node/status", SegmentationStatus.type_name)
    node = ros.start("perception_node", "--ros-args", "--params-file", parameters())
    words = (
        "lidar.top: message type livox_ros_driver2/msg/CustomMsg is not installed here; "
        "install the ROS package livox_ros_driver2"
    )
    wait_until(lambda: any(words in w for s in statuses[-1:] for w in s.warnings), words)
    node.account()


@pytest.mark.parametrize(("per_ms", "unit"), [(1, "milliseconds"), (1000, "microseconds")])
def test_points_timed_in_another_unit_are_moved_as_they_should(start_node, robot, per_ms, unit):
    # The robot turns to the left by 5 mrad each millisecond; every point is seen 0.5 rad to the
    # right of where the robot looks just then. At the stamp that is column 7.5 + 8 tan(0.5) = 11.9
    # (blue), after 28 ms column 10.5, where green begins.
    def timed(cloud):
        layout = [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("time", "<u4")]
        points = np.zeros((1, 100), layout)
        points["x"], points["y"] = 4 * np.cos(0.5), -4 * np.sin(0.5)
        points["time"] = np.arange(100) * per_ms
        return encode_cloud(PointCloud(points, m.stamp_to_ns(cloud.header.stamp), "top"))

    running = start_node(transfer__time_sigma_s=0.0)
    for ms in range(-20, 401, 20):
        angle, T = 5e-3 * ms, np.eye(4)
        T[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        stamp_ns = running.start_ns + ms * 1_000_000
        robot.send("/tf", encode_tf([StampedTransform("odom", "base", stamp_ns, T)]))
    for number in range(2):
        stamp_ns = running.start_ns + number * STEP_NS
        robot.send("/front/camera_info", robot.camera_info(stamp_ns))
        robot.send("/front/image_raw", robot.image(stamp_ns))
        robot.send(CLOUDS, timed(robot.cloud(stamp_ns)))
        running.cloud_of(stamp_ns)
        found = running.last_labels()
        assert (set(found[:20]), set(found[40:])) == ({2}, {1})
    running.account()
    assert f"lidar.top: field 'time' is read as {unit}" in running.log
