"""Foxglove's layout: every panel is placed once, every cloud is there."""

from __future__ import annotations

import json

import pytest

from seg_perception.robots import platforms
from seg_perception.robots.foxglove import foxglove_layout
from seg_perception.robots.visualization_layout import CloudTopic, ImageTopic, VisualizedTopics


def placed(layout):
    """The panels of a layout tree, in reading order."""
    if isinstance(layout, str):
        return [layout]
    return [*placed(layout["first"]), *placed(layout["second"])]


def test_panels_are_placed_once_and_share_the_height():
    pictures = tuple(ImageTopic(name, f"/{name}") for name in ("a", "b", "c"))
    shown = VisualizedTopics(pictures, (CloudTopic("lidar", "/points"),), "odom", "base_link")
    document = json.loads(foxglove_layout(shown))
    assert placed(document["layout"]) == ["3D!semantic", "Image!0", "Image!1", "Image!2"]
    assert set(document["configById"]) == set(placed(document["layout"]))
    column = document["layout"]["second"]
    assert column["splitPercentage"] == 33
    assert column["second"]["splitPercentage"] == 50
    assert document["configById"]["Image!1"] == {"imageMode": {"imageTopic": "/b"}}
    assert document["configById"]["3D!semantic"]["topics"]["/points"]["colorField"] == "rgb"


@pytest.mark.parametrize("name", platforms.shipped())
def test_shipped_layout_is_what_the_command_writes(repo, name):
    text = (repo / "config" / "foxglove" / f"{name}.json").read_text(encoding="utf-8")
    follow = json.loads(text)["configById"]["3D!semantic"]["followTf"]
    assert text == foxglove_layout(VisualizedTopics.of(platforms.load(name), follow))
