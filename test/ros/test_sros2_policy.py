"""A process that runs reads, publishes and offers nothing that its SROS 2 policy does not allow."""

from __future__ import annotations

import pytest
from own_graph import graph_of_its_own
from rclpy.node import NodeNameNonExistentError

from seg_perception.io.perception_messages import SegmentationStatus
from seg_perception.outputs.topics import NODE_NAME
from seg_perception.robots import platforms
from seg_perception.robots.sros2_policy import permissions, transform_node

pytestmark = pytest.mark.ros

ODOMETRY = "/wheels/odometry"


@pytest.fixture
def ros_environment():
    """A graph of this test alone: an earlier one may have left a node of the same name."""
    with graph_of_its_own() as environment:
        yield environment


@pytest.mark.parametrize(
    ("name", "shown", "image"),
    [
        (NODE_NAME, "~/costmap", True),
        ("segmentation_node", "front/semantic/label_image", True),
        ("semantic_cloud_node", "~/costmap", False),
    ],
)
def test_the_running_nodes_stay_within_their_policy(
    ros, robot, parameters, wait_until, name, shown, image
):
    graph = robot.node
    statuses = robot.listen(f"/{name}/status", SegmentationStatus.type_name)
    before = set(graph.get_node_names())
    wishes = {"map.enabled": True, "costmap.grid": True, "costmap.obstacles": True}
    file = parameters(**wishes, **{"output.png": True, "transforms.odometry_topic": ODOMETRY})
    process = ros.start(name, "--ros-args", "--params-file", file)
    allowed = permissions(platforms.load(str(file)), node=name)
    wait_until(lambda: statuses, "the node")
    outputs = absolute({shown}, name)
    wait_until(lambda: outputs <= so_far(published, graph, name), "its topics in the graph")
    topic = "/front/image_raw" if image else "/top/points"
    wait_until(lambda: topic in so_far(read, graph, name), "its inputs in the graph")
    if (listener := transform_node(name)) in allowed:
        wait_until(lambda: ODOMETRY in so_far(read, graph, listener), "its transforms")
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
