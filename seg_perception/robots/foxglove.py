"""A layout for Foxglove."""

from __future__ import annotations

import json
from typing import Any

from seg_perception.robots.visualization_layout import VisualizedTopics

_SCENE_PANEL = "3D!semantic"


def foxglove_layout(topics: VisualizedTopics) -> str:
    """The text of a layout file, to be imported in Foxglove."""
    pictures = {f"Image!{number}": p.topic for number, p in enumerate(topics.pictures)}
    panels: dict[str, Any] = {_SCENE_PANEL: _scene(topics)}
    panels |= {panel: {"imageMode": {"imageTopic": topic}} for panel, topic in pictures.items()}
    document = {
        "configById": panels,
        "globalVariables": {},
        "userNodes": {},
        "playbackConfig": {"speed": 1},
        "layout": _side_by_side(_SCENE_PANEL, list(pictures)),
    }
    return json.dumps(document, indent=2) + "\n"


def _scene(topics: VisualizedTopics) -> dict[str, Any]:
    return {
        "followMode": "follow-pose",
        "followTf": topics.follow_frame,
        "fixedFrame": topics.fixed_frame,
        "topics": {
            cloud.topic: {
                "visible": True,
                "colorMode": "rgb",
                "colorField": "rgb",
                "pointSize": 8 if cloud.sparse else 3,
            }
            for cloud in topics.clouds
        },
    }


def _side_by_side(scene: str, pictures: list[str]) -> Any:
    split = {"direction": "row", "splitPercentage": 65}
    return {"first": scene, "second": _stacked(pictures), **split}


def _stacked(panels: list[str]) -> Any:
    """Panels on top of each other, each with the same height."""
    first, *others = panels
    if not others:
        return first
    split = {"direction": "column", "splitPercentage": round(100 / len(panels))}
    return {"first": first, "second": _stacked(others), **split}
