"""A view for RViz 2."""

from __future__ import annotations

from typing import Any

import yaml

from seg_perception.robots.visualization_layout import CloudTopic, ImageTopic, VisualizedTopics

_PLUGINS = "rviz_default_plugins"
_BACKGROUND = "32; 34; 37"


def rviz_layout(topics: VisualizedTopics) -> str:
    """The text of a `.rviz` file."""
    document = {
        "Panels": [_panel("Displays"), _panel("Views"), _panel("Time")],
        "Visualization Manager": {
            "Class": "",
            "Displays": _displays(topics),
            "Enabled": True,
            "Global Options": {
                "Background Color": _BACKGROUND,
                "Fixed Frame": topics.fixed_frame,
                "Frame Rate": 30,
            },
            "Tools": [{"Class": f"{_PLUGINS}/{name}"} for name in ("MoveCamera", "Measure")],
            "Views": {"Current": _view(topics)},
        },
        "Window Geometry": {"Height": 900, "Width": 1400},
    }
    text: str = yaml.safe_dump(document, sort_keys=False)
    return text


def _panel(name: str) -> dict[str, Any]:
    return {"Class": f"rviz_common/{name}", "Name": name}


def _displays(topics: VisualizedTopics) -> list[dict[str, Any]]:
    grid = _display("Grid", "Grid", **{"Cell Size": 5, "Plane Cell Count": 20})
    frames = _display("TF", "Frames", **{"Show Arrows": False, "Frame Timeout": 15})
    clouds = [_cloud(cloud) for cloud in topics.clouds]
    pictures = [_picture(picture) for picture in topics.pictures]
    return [grid, frames, *clouds, *pictures]


def _display(plugin: str, name: str, **properties: Any) -> dict[str, Any]:
    return {"Class": f"{_PLUGINS}/{plugin}", "Name": name, "Enabled": True, **properties}


def _cloud(cloud: CloudTopic) -> dict[str, Any]:
    shape: dict[str, Any] = {"Style": "Points", "Size (Pixels)": 3}
    if cloud.sparse:
        shape = {"Style": "Boxes", "Size (m)": 0.3}
    transformers = {"Color Transformer": "RGB8", "Position Transformer": "XYZ"}
    topic = {"Topic": _topic(cloud.topic)}
    return _display("PointCloud2", cloud.title, **transformers, **shape, **topic)


def _picture(picture: ImageTopic) -> dict[str, Any]:
    topic = {"Topic": _topic(picture.topic, latched=picture.latched)}
    return _display("Image", picture.title, **topic)


def _topic(name: str, *, latched: bool = False) -> dict[str, Any]:
    """Best effort hears reliable publishers too; what is latched has to be asked for."""
    return {
        "Value": name,
        "Depth": 1 if latched else 5,
        "Durability Policy": "Transient Local" if latched else "Volatile",
        "History Policy": "Keep Last",
        "Reliability Policy": "Reliable" if latched else "Best Effort",
    }


def _view(topics: VisualizedTopics) -> dict[str, Any]:
    return {
        "Class": f"{_PLUGINS}/Orbit",
        "Distance": 30,
        "Pitch": 0.6,
        "Yaw": 3.14,
        "Target Frame": topics.follow_frame,
    }
