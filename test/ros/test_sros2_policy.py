"""A node that runs reads and publishes nothing that its SROS 2 policy does not allow."""

from __future__ import annotations

import pytest

from seg_perception.io.perception_messages import SegmentationStatus
from seg_perception.robots import platforms
from seg_perception.robots.sros2_policy import published_topics, read_topics

pytestmark = pytest.mark.ros

NODE = "/perception_node"


def test_the_running_node_stays_within_its_policy(ros, robot, parameters, wait_until):
    statuses = robot.listen(f"{NODE}/status", SegmentationStatus.type_name)
    wishes = {"map.enabled": True, "costmap.grid": True, "costmap.obstacles": True}
    file = parameters(**wishes, **{"output.png": True})
    process = ros.start("perception_node", "--ros-args", "--params-file", file)
    wait_until(lambda: statuses, "the node")
    config = platforms.load(str(file))
    by_node = (NODE[1:], "/")

    def published():
        return {t for t, _ in robot.node.get_publisher_names_and_types_by_node(*by_node)}

    wait_until(lambda: f"{NODE}/costmap" in published(), "the graph to know its topics")
    read = {t for t, _ in robot.node.get_subscriber_names_and_types_by_node(*by_node)}
    assert published() <= absolute(published_topics(config))
    assert read <= absolute(read_topics(config))
    assert "/top/points" in read
    process.end()


def absolute(topics):
    return {t.replace("~", NODE) if t.startswith("~") else f"/{t.lstrip('/')}" for t in topics}
