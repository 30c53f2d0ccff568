"""What launch arguments stand for; the launch files themselves hold no logic."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from seg_perception.config.input_topics import TF, TF_STATIC
from seg_perception.config.topic_names import resolved
from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import ConfigError
from seg_perception.robots import platforms
from seg_perception.robots.rviz import rviz_layout
from seg_perception.robots.visualization_layout import VisualizedTopics

# Launch argument and the parameter that it overrides.
OVERRIDES: Mapping[str, str] = {"model": "segmentation.bundle", "engine": "segmentation.engine"}
# What runs on this machine, by the argument `processes`; the last one publishes the map.
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


def remappings(arguments: Mapping[str, str]) -> list[tuple[str, str]]:
    """The rules of nodes and RViz: with `namespaced_tf`, transforms are those of the namespace."""
    namespaced = arguments["namespaced_tf"] == "true"
    return [(name, name.lstrip("/")) for name in (TF, TF_STATIC) if namespaced]


def image_topics(params_file: str, namespace: str = "") -> list[str]:
    """The full names of what the cameras of a parameter file listen to.

    Raises:
        ConfigError: it is no parameter file.
    """
    cameras = platforms.load(params_file).cameras.values()
    return [resolved(camera.image_topic, namespace) for camera in cameras]


def rviz_config(arguments: Mapping[str, str], folder: str) -> str:
    """The view that was named; else one of what `params_file` publishes, written into a folder.

    Raises:
        ConfigError: `params_file` is no parameter file, or the view can't be written.
    """
    if arguments["rviz_config"]:
        return arguments["rviz_config"]
    params_file = arguments["params_file"]
    topics = VisualizedTopics.of(
        platforms.load(params_file),
        platforms.follow_frame(params_file),
        EXECUTABLES[arguments["processes"]][-1],
        arguments["namespace"],
    )
    path = Path(folder, f"{Path(params_file).stem}.rviz")
    write_file(path, rviz_layout(topics), ConfigError)
    return str(path)


class ReplayCourse:
    """What a replay waits for until everything is shut down."""

    def __init__(self, arguments: Mapping[str, str]) -> None:
        """Wait for the bag's end and what follows it, and for RViz where it is open.

        Raises:
            ConfigError: arguments that do not go together.
        """
        self._awaited = {"bag"} | ({"rviz2"} if arguments["rviz"] == "true" else set())
        if arguments["evaluate"] and not arguments["record"]:
            msg = "evaluate needs a recording: name one with record:=labelled.mcap"
            raise ConfigError(msg)
        if arguments["loop"] == "true":
            self._awaited.discard("bag")
            if arguments["record"]:
                msg = "expected record or loop, got both: a loop has no end; leave out one"
                raise ConfigError(msg)

    def is_over(self, ended: str) -> bool:
        """Whether nothing is awaited any more after this ended: `bag`, or an executable."""
        self._awaited.discard(ended)
        return not self._awaited
