"""Parameter files of known robots, and launch arguments over them."""

from __future__ import annotations

import re

import pytest
import yaml

from seg_perception.config import Config, parameter_file
from seg_perception.core.errors import ConfigError
from seg_perception.outputs.topics import check_topics
from seg_perception.robots import launch_options, platforms

WANTED = {
    *("goose_mucar3", "goose_alice", "goose_spot", "viking_hill", "kitti", "nuscenes"),
    *("realsense", "zed", "oak", "orbbec"),
}


def test_the_robots_are_there():
    assert set(platforms.shipped()) == WANTED | {"simulated"}


@pytest.mark.parametrize("name", platforms.shipped())
def test_platform_is_valid_and_says_what_it_is(name):
    check_topics(platforms.load(name))
    assert len(platforms.about(platforms.shipped()[name])) > 20


def test_where_the_axes_of_camera_frames_are_not_documented_the_scans_show_them():
    shown = {
        name
        for name in platforms.shipped()
        for camera in platforms.load(name).cameras.values()
        if camera.frame_convention == "auto"
    }
    assert shown == {"goose_mucar3", "goose_alice", "goose_spot", "viking_hill"}


def test_platform_that_is_unknown_names_those_that_are():
    with pytest.raises(ConfigError, match=r"expected one of .*viking_hill.* or a ROS parameter"):
        platforms.load("mucar4")


def test_written_file_is_read_back_with_its_remarks_as_comments(tmp_path):
    parameters = {"cameras": ["a"], "camera.a.image_topic": "/a/image"}
    path = tmp_path / "robot.yaml"
    path.write_text(parameter_file(parameters, remarks=["warning: no lidar"]))
    assert path.read_text().startswith("# warning: no lidar\n")
    assert platforms.load(str(path)) == Config.from_parameters(parameters)


def test_launch_arguments_override_parameters_of_the_schema():
    assert launch_options.overrides({"model": "", "engine": ""}) == {}
    given = {"model": "field_tiny", "engine": "onnxruntime", "namespace": "robot"}
    changed = launch_options.overrides(given)
    assert changed == {"segmentation.bundle": "field_tiny", "segmentation.engine": "onnxruntime"}
    assert Config.from_parameters(changed).segmentation.bundle == "field_tiny"


def test_launch_starts_executables_that_are_installed(repo):
    cmake = (repo / "CMakeLists.txt").read_text(encoding="utf-8")
    installed = re.search(r"foreach\(node ([\w ]+)\)", cmake).group(1).split()
    assert {n for names in launch_options.EXECUTABLES.values() for n in names} <= set(installed)


def test_bag_is_awaited_by_the_cameras(tmp_path):
    path = tmp_path / "robot.yaml"
    section = {"ros__parameters": {"cameras": ["a"], "camera.a.image_topic": "/a/image"}}
    path.write_text(yaml.safe_dump({"/**": section}))
    assert launch_options.image_topics(str(path)) == ["/a/image"]
