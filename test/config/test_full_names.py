"""Names without a slash get one, but for those that a recording has so."""

from __future__ import annotations

from seg_perception.config import Config
from seg_perception.config.full_names import with_full_names

PARAMETERS = {
    "cameras": ["front"],
    "camera.front.image_topic": "front/image_raw",
    "camera.front.output_prefix": "out",
    "lidars": ["top"],
    "lidar.top.topic": "/top/points",
    "radars": ["bow"],
    "radar.bow.topic": "bow/points",
    "transforms.odometry_topic": "wheels",
}


def test_relative_names_get_their_slash_and_recorded_ones_stay():
    config = with_full_names(Config.from_parameters(PARAMETERS), {"bow/points", "/top/points"})
    assert (config.cameras["front"].image_topic, config.cameras["front"].output_prefix) == (
        "/front/image_raw",
        "/out",
    )
    assert config.cameras["front"].camera_info_topic == ""
    assert config.lidars["top"].topic == "/top/points"
    assert config.radars["bow"].topic == "bow/points"
    assert config.transforms.odometry_topic == "/wheels"


def test_full_names_are_what_they_were():
    full = Config.from_parameters(
        {"cameras": ["a"], "camera.a.image_topic": "/a/image", "camera.a.output_prefix": "/b/"}
    )
    assert with_full_names(full, ()) == full
