"""The map over real DDS: only when it is enabled, only what was labelled, gone after a jump."""

import itertools
import json

import numpy as np
import pytest

from seg_perception.io import messages
from seg_perception.io.perception_messages import SegmentationStatus
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.ros.conversions import message_class

pytestmark = pytest.mark.ros

MAP, MAP_UPDATES = "/perception_node/map", "/perception_node/map_updates"
STEP_NS = 100_000_000


@pytest.fixture
def start(ros, robot, parameters, wait_until):
    """Start the node with a camera_info that it has heard."""

    def start_node(**changes):
        statuses = robot.listen("/perception_node/status", SegmentationStatus.type_name)
        robot.advertise()
        file = parameters(**changes)
        process = ros.start("perception_node", "--ros-args", "--params-file", file)
        robot.wait_until_heard()
        robot.wait_until_known()
        robot.send("/front/camera_info", robot.camera_info(robot.now_ns()))
        wait_until(
            lambda: statuses and not any("camera_info" in w for w in statuses[-1].warnings),
            "camera_info",
        )
        return process

    return start_node


def test_labelled_points_gather_and_a_clock_jump_forgets_them(robot, start, wait_until):
    maps = robot.listen(MAP, messages.PointCloud2.type_name)
    process = start(map__enabled=True, map__period_s=0.05)
    begin = robot.now_ns()
    for number in range(3):
        robot.step(begin + number * STEP_NS)
        wait_until(
            lambda n=number: maps and decode_cloud(maps[-1]).points["count"].max() == n + 1,
            f"scan {number} in the map",
        )
    cloud = decode_cloud(maps[-1])
    assert (cloud.frame_id, cloud.stamp_ns) == ("odom", begin + 2 * STEP_NS)
    # Voxels of 0.2 m; the point behind the camera has no label and did not enter.
    found = {
        (round(float(p["x"]), 1), round(float(p["y"]), 1)): int(p["label"])
        for p in cloud.points.reshape(-1)
    }
    assert found == {(4.1, 2.1): 0, (4.1, 0.1): 1, (4.1, -1.9): 2}

    # A transform that comes before the jump is noticed is forgotten with it: drivers go on.
    earlier = itertools.count(begin - 60 * 1_000_000_000, STEP_NS)
    sent = []

    def send():
        sent.append(next(earlier))
        robot.step(sent[-1])

    with robot.streaming(0.5, send):
        wait_until(lambda: decode_cloud(maps[-1]).stamp_ns < begin, "a map after the jump")
    anew = decode_cloud(maps[-1])
    # Each moment adds one to each of the three: what was counted before the jump is gone.
    assert anew.stamp_ns in sent
    assert anew.points["count"].max() <= 1 + sent.index(anew.stamp_ns)
    code, out, err = process.end()
    assert code == 0, err
    (count,) = json.loads(out.splitlines()[-1])["map"]
    assert count["entered"] >= 12


def test_changes_alone_become_the_map_and_who_comes_late_is_told_everything(
    robot, start, wait_until
):
    updates = robot.listen(MAP_UPDATES, messages.PointCloud2.type_name)
    process = start(map__enabled=True, map__period_s=3600.0, map__update_period_s=0.05)
    begin = robot.now_ns()
    for number in range(3):
        robot.step(begin + number * STEP_NS)
        wait_until(
            lambda n=number: {count for _, count in laid_together(updates).values()} == {n + 1},
            f"scan {number} among the changes",
        )
    expected = {(4.1, 2.1): (0, 3), (4.1, 0.1): (1, 3), (4.1, -1.9): (2, 3)}
    assert laid_together(updates) == expected
    late = []
    kind = message_class(messages.PointCloud2.type_name)
    robot.node.create_subscription(kind, MAP_UPDATES, late.append, 100)
    wait_until(lambda: laid_together(late) == expected, "everything for who comes late")
    whole = robot.listen(MAP, messages.PointCloud2.type_name)
    wait_until(lambda: whole, "the whole map")
    assert laid_together(whole) == expected
    assert process.end()[0] == 0


def laid_together(clouds):
    """Label and count by x and y, as the messages that came say it one after the other."""
    voxels = {}
    for cloud in list(clouds):
        for point in decode_cloud(cloud).points.reshape(-1):
            place = (round(float(point["x"]), 1), round(float(point["y"]), 1))
            if np.isnan(point["x"]):
                voxels.clear()
            elif not point["count"]:
                voxels.pop(place, None)
            else:
                voxels[place] = (int(point["label"]), int(point["count"]))
    return voxels


def test_a_map_that_nobody_asked_for_does_not_exist(robot, start):
    process = start()
    assert robot.node.count_publishers(MAP) == 0
    _, out, _ = process.end()
    assert json.loads(out.splitlines()[-1])["map"] == []


def test_scans_without_a_place_are_said(robot, start, wait_until):
    statuses = robot.listen("/perception_node/status", SegmentationStatus.type_name)
    process = start(map__enabled=True, map__frame="mars")
    robot.step(robot.now_ns())
    wait_until(
        lambda: any("map: a scan is left out of the map: frame 'mars'" in w for s in statuses
                    for w in s.warnings),
        "the reason",
    )  # fmt: skip
    assert process.end()[0] == 0
