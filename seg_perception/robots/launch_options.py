"""What launch arguments change in a parameter file; the launch files themselves hold no logic."""

from __future__ import annotations

from collections.abc import Mapping

from seg_perception.robots import platforms

# Launch argument and the parameter that it overrides.
OVERRIDES: Mapping[str, str] = {"model": "segmentation.bundle", "engine": "segmentation.engine"}
# What runs on this machine, by the argument `processes`.
EXECUTABLES: Mapping[str, tuple[str, ...]] = {
    "one": ("perception_node",),
    "split": ("segmentation_node", "semantic_cloud_node"),
}


def overrides(arguments: Mapping[str, str]) -> dict[str, str]:
    """The parameters that these launch arguments set; an empty argument leaves the file's value."""
    return {
        parameter: arguments[name]
        for name, parameter in OVERRIDES.items()
        if arguments.get(name, "")
    }


def image_topics(params_file: str) -> list[str]:
    """What the cameras of a parameter file listen to.

    Raises:
        ConfigError: it is no parameter file.
    """
    return [camera.image_topic for camera in platforms.load(params_file).cameras.values()]
