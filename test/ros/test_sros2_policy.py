"""A process that runs reads, publishes and offers nothing that its SROS 2 policy does not allow."""

from __future__ import annotations

import pytest
from own_graph import graph_of_its_own
from rclpy.node import NodeNameNonExistentError

from seg_perception.io.perception_messages import SegmentationStatus
from seg_perception.outputs.topics import NODE_NAME
from seg_perception.robots import platforms
from seg_perception.robots.sros2_policy import TRANSFORM_NODE, permissions

pytestmark = pytest.mark.ros

ODOMETRY = "/wheels/odometry"


@pytest.fixture
def ros_environment():
    """A graph of this test alone: an earlier one may have left a node of the same name."""
    with graph_of_its_own() as environment:
        yield environment


def test_the_running_nodes_stay_within_their_policy(ros, robot, parameters, wait_until):
    graph = robot.node
    statuses = robot.listen(f"/{NODE_NAME}/status", SegmentationStatus.type_name)
    before = set(graph.get_node_names())
    wishes = {"map.enabled": True, "costmap.grid": True, "costmap.obstacles": True}
    file = parameters(**wishes, **{"output.png": True, "transforms.odometry_topic": ODOMETRY})
    process = ros.start("perception_node", "--ros-args", "--params-file", file)
    wait_until(lambda: statuses, "the node")
    costmap = f"/{NODE_NAME}/costmap"
    wait_until(lambda: costmap in so_far(published, graph, NODE_NAME), "its topics in the graph")
    wait_until(lambda: "/top/points" in so_far(read, graph, NODE_NAME), "its inputs in the graph")
    wait_until(lambda: ODOMETRY in so_far(read, graph, TRANSFORM_NODE), "its transforms")
    allowed = permissions(platforms.load(str(file)))
    # Nodes of an earlier test leave the graph late.
    wait_until(lambda: set(graph.get_node_names()) - before == set(allowed), "its nodes alone")
    for node, expected in allowed.items():
        served = names(graph.get_service_names_and_types_by_node(node, "/"))
        assert read(graph, node) <= absolute(expected.read, node)
        assert published(graph, node) <= absolute(expected.published, node)
        assert served <= absolute(expected.services, node)
        assert names(graph.get_client_names_and_types_by_node(node, "/")) == set()
    process.end()


def so_far(ask, graph, node):
    """What the graph says while it may not know the node yet."""
    try:
        return ask(graph, node)
    except NodeNameNonExistentError:
        return set()


def read(graph, node):
    return names(graph.get_subscriber_names_and_types_by_node(node, "/"))


def published(graph, node):
    return names(graph.get_publisher_names_and_types_by_node(node, "/"))


def names(found):
    return {name for name, _ in found}


def absolute(names, node):
    return {n.replace("~", f"/{node}") if n[0] == "~" else f"/{n.lstrip('/')}" for n in names}
