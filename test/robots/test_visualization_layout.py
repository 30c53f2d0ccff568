"""What is shown of a configuration."""

from __future__ import annotations

from seg_perception.config import Config
from seg_perception.robots.visualization_layout import CloudTopic, ImageTopic, VisualizedTopics

PARAMETERS = {
    "cameras": ["front"],
    "camera.front.image_topic": "/cam/image_raw",
    "lidars": ["top"],
    "lidar.top.topic": "/top/points",
    "radars": ["nose"],
    "radar.nose.topic": "/nose/points",
}
LEGEND = ImageTopic("Legend", "/perception_node/legend_image", latched=True)


def shown(**changed):
    return VisualizedTopics.of(Config.from_parameters({**PARAMETERS, **changed}))


def test_overlay_else_colour_else_labels():
    assert shown().pictures == (ImageTopic("Camera front", "/cam/semantic/overlay"), LEGEND)
    without = {"output.overlay": False}
    assert shown(**without).pictures[0].topic == "/cam/semantic/color"
    without["output.color"] = False
    assert shown(**without).pictures[0].topic == "/cam/semantic/label_image"


def test_radars_are_sparse():
    assert shown().clouds == (
        CloudTopic("Lidar top", "/top/semantic/points"),
        CloudTopic("Radar nose", "/nose/semantic/points", sparse=True),
    )


def test_a_map_is_shown_where_there_is_one():
    assert shown(**{"map.enabled": True}).clouds[-1] == CloudTopic("Map", "/perception_node/map")


def test_frames_of_a_robot_that_moves_and_of_one_at_rest():
    config = Config.from_parameters(PARAMETERS)
    assert (VisualizedTopics.of(config).fixed_frame, VisualizedTopics.of(config).follow_frame) == (
        "odom",
        "odom",
    )
    assert VisualizedTopics.of(config, "base_link").follow_frame == "base_link"
    at_rest = Config.from_parameters({**PARAMETERS, "transforms.fixed_frame": ""})
    assert VisualizedTopics.of(at_rest, "base_link").fixed_frame == "base_link"
