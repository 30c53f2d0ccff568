"""The shipped views show what the nodes publish."""

from __future__ import annotations

import pytest
import yaml

from seg_perception.outputs.topics import CameraTopics, cloud_topic
from seg_perception.robots import platforms
from seg_perception.robots.rviz import rviz_layout
from seg_perception.robots.visualization_layout import VisualizedTopics

DISPLAY_TYPES = {
    "rviz_default_plugins/PointCloud2": "sensor_msgs/msg/PointCloud2",
    "rviz_default_plugins/Image": "sensor_msgs/msg/Image",
}


def displays(text):
    return yaml.safe_load(text)["Visualization Manager"]["Displays"]


def published(config):
    """Topics and types of what a node of this configuration publishes."""
    pictures = {
        topic: "sensor_msgs/msg/Image"
        for camera in config.cameras.values()
        for topic in (CameraTopics.of(camera).overlay, CameraTopics.of(camera).label_image)
    }
    sensors = config.cloud_sensors.values()
    clouds = {cloud_topic(sensor): "sensor_msgs/msg/PointCloud2" for sensor in sensors}
    return pictures | clouds | {"/perception_node/legend_image": "sensor_msgs/msg/Image"}


@pytest.mark.parametrize("name", platforms.shipped())
def test_shipped_view_shows_topics_that_the_platform_publishes(repo, name):
    config = platforms.load(name)
    known = published(config)
    text = (repo / "config" / "rviz" / f"{name}.rviz").read_text(encoding="utf-8")
    shown = [d for d in displays(text) if "Topic" in d]
    assert {d["Topic"]["Value"]: DISPLAY_TYPES[d["Class"]] for d in shown}.items() <= known.items()
    clouds = {cloud_topic(s) for s in config.cloud_sensors.values()}
    assert clouds <= {d["Topic"]["Value"] for d in shown}


@pytest.mark.parametrize("name", platforms.shipped())
def test_shipped_view_is_what_the_command_writes(repo, name):
    text = (repo / "config" / "rviz" / f"{name}.rviz").read_text(encoding="utf-8")
    follow = yaml.safe_load(text)["Visualization Manager"]["Views"]["Current"]["Target Frame"]
    assert text == rviz_layout(VisualizedTopics.of(platforms.load(name), follow))


def test_every_platform_has_a_view(repo):
    assert {p.stem for p in (repo / "config" / "rviz").glob("*.rviz")} == set(platforms.shipped())


def test_latched_topics_are_asked_for_as_latched():
    (legend,) = (
        d
        for d in displays(rviz_layout(VisualizedTopics.of(platforms.load("simulated"))))
        if d["Name"] == "Legend"
    )
    assert legend["Topic"]["Durability Policy"] == "Transient Local"
    assert legend["Topic"]["Reliability Policy"] == "Reliable"
