"""Topics of a robot's parameter file as a recording has them: there names are full."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from seg_perception.config.config import Config
from seg_perception.config.parameter_group import ParameterGroup
from seg_perception.config.topic_names import resolved

_TOPICS = (
    *("image_topic", "camera_info_topic", "output_prefix"),
    *("depth_topic", "depth_camera_info_topic"),
    *("topic", "output_topic", "odometry_topic"),
)


def with_full_names(config: Config, recorded: Collection[str]) -> Config:
    """The same with a leading slash before relative names, as of a node without namespace.

    Args:
        config: of a node whose namespace its relative names follow.
        recorded: names that stay as they are, for ROS 1 knows some without a slash.
    """

    def full(group: ParameterGroup) -> ParameterGroup:
        given = {name: getattr(group, name, "") for name in _TOPICS}
        relative = {
            name: resolved(topic)
            for name, topic in given.items()
            if topic and not topic.startswith("/") and topic not in recorded
        }
        return group.model_copy(update=relative) if relative else group

    update: dict[str, Any] = {"transforms": full(config.transforms)}
    for kind in ("cameras", "lidars", "radars"):
        update[kind] = {name: full(sensor) for name, sensor in getattr(config, kind).items()}
    return config.model_copy(update=update)
