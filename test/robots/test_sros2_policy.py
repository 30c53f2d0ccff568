"""The SROS 2 policy allows what a configuration uses."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from seg_perception.config import parameter_file
from seg_perception.robots import platforms
from seg_perception.robots.sros2_policy import ENCLAVE, sros2_policy


def allowed(text, path):
    root = ET.fromstring(text)  # noqa: S314 (our own text)
    return {element.text for element in root.iterfind(f".//{path}")}


@pytest.mark.parametrize("name", platforms.shipped())
def test_every_input_and_output_of_a_platform_is_allowed(name):
    config, text = platforms.load(name), sros2_policy(platforms.load(name))
    read = allowed(text, "topics[@subscribe='ALLOW']/topic")
    published = allowed(text, "topics[@publish='ALLOW']/topic")
    assert {camera.image_topic for camera in config.cameras.values()} <= read
    assert {lidar.topic for lidar in config.lidars.values()} <= read
    assert not (published & {camera.image_topic for camera in config.cameras.values()})
    assert {"~/status", "/diagnostics", "rosout"} <= published
    assert ENCLAVE in text


def test_names_are_escaped(tmp_path):
    path = tmp_path / "robot.yaml"
    section = {"cameras": ["a"], "camera.a.image_topic": "/a&b/<image>"}
    path.write_text(parameter_file(section))
    assert "/a&b/<image>" in allowed(sros2_policy(platforms.load(str(path))), "topic")
