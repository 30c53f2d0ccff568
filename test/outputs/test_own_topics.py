"""The product's own outputs are told from sensors by name and type."""

import pytest

from seg_perception.config import Config
from seg_perception.io.semantic_fields import PROFILES
from seg_perception.outputs.costmap import OBSTACLE_POINT
from seg_perception.outputs.own_topics import is_own_cloud, own_topics
from seg_perception.outputs.topics import STATUS, output_topics, private

INPUTS = {
    "/robot/front/image_raw": "sensor_msgs/msg/Image",
    "/robot/front/image_raw/compressed": "sensor_msgs/msg/CompressedImage",
    "/robot/front/camera_info": "sensor_msgs/msg/CameraInfo",
    "/robot/top/points": "sensor_msgs/msg/PointCloud2",
    "/robot/nose/points": "sensor_msgs/msg/PointCloud2",
    # Others have a map, a status and colours, too.
    "/robot/slam/map": "sensor_msgs/msg/PointCloud2",
    "/robot/costmap/costmap": "nav_msgs/msg/OccupancyGrid",
    "/robot/base/status": "std_msgs/msg/String",
    "/robot/rear/color": "sensor_msgs/msg/Image",
    # By name, but not by type.
    "/robot/front/semantic/points": "sensor_msgs/msg/LaserScan",
}
EVERYTHING = {
    "cameras": ["front"],
    "camera.front.image_topic": "/robot/front/image_raw",
    "lidars": ["top"],
    "lidar.top.topic": "/robot/top/points",
    "radars": ["nose"],
    "radar.nose.topic": "/robot/nose/points",
    "map.enabled": True,
    "costmap.grid": True,
    "costmap.obstacles": True,
    "output.png": True,
    "output.nav2_semantic_cloud": True,
}


def outputs(node, **parameters):
    config = Config.from_parameters({**EVERYTHING, **parameters})
    types = {private(topic.name, node): topic.type_name for topic in output_topics(config)}
    return types | {private(STATUS, node): "seg_perception/msg/SegmentationStatus"}


@pytest.mark.parametrize("node", ["perception_node", "robot/perception_node", "a/b/my_eyes"])
def test_every_output_is_known_in_any_namespace_and_of_a_renamed_node(node):
    ours = outputs(node)
    assert len(ours) == 6 + 7 + 3 + 4
    assert own_topics(INPUTS | ours) == set(ours)
    assert own_topics(INPUTS) == set()


def test_images_of_a_camera_with_a_prefix_are_known_without_the_node():
    ours = outputs("perception_node", **{"camera.front.output_prefix": "/labels/left"})
    of_camera = {name: kind for name, kind in ours.items() if name.startswith("/labels/left/")}
    assert len(of_camera) == 7
    assert own_topics(of_camera) == set(of_camera)


def test_outputs_that_were_remapped_are_known_by_their_label_info():
    ours = {
        "/eyes/label_info": "vision_msgs/msg/LabelInfo",
        "/eyes/overlay": "sensor_msgs/msg/Image",
        "/eyes/overlay/compressed": "sensor_msgs/msg/CompressedImage",
    }
    assert own_topics(ours | {"/eyes/image_raw": "sensor_msgs/msg/Image"}) == set(ours)


def test_a_legend_alone_is_known():
    legend = {"/some/where/legend_image": "sensor_msgs/msg/Image"}
    assert own_topics(legend) == set(legend)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_labelled_cloud_is_known_by_its_fields(profile):
    chosen = PROFILES[profile]
    appended = ("x", "y", "z", "intensity", chosen.label, chosen.confidence, "rgb")
    assert is_own_cloud(appended)
    # The sender had a field of that name already.
    assert is_own_cloud(("x", "y", "z", "rgb", chosen.label, chosen.confidence, "semantic_rgb"))
    assert not is_own_cloud(("x", "y", "z", "intensity", "rgb"))


def test_obstacles_are_known_and_a_labelled_data_set_is_not_ours():
    assert is_own_cloud(OBSTACLE_POINT.names)
    assert not is_own_cloud(("x", "y", "z", "intensity", "label"))
