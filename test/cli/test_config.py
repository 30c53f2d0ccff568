"""`seg-perception config`: parameter files that are written and checked."""

import json

import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.config import Config


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result


def test_config_dump_can_be_loaded_and_says_what_is_what(world):
    file = world.folder / "robot.yaml"
    dumped = run("config", "dump", "--bag", world.bag(), "--set", "transfer.cell_px=5").stdout
    file.write_text(dumped)
    config = Config.load(file)
    assert config.transfer.cell_px == 5
    assert config.lidars["top"].topic == world.points_topic
    assert "# Publish the overlay picture" in dumped
    assert json.loads(run("config", "dump", file, "--json").stdout)["transfer.cell_px"] == 5
    assert "buffer_size" not in dumped
    assert "buffer_size: 8" in run("config", "dump", "--expert").stdout


def test_config_check_prints_topics(world):
    file = world.folder / "robot.yaml"
    file.write_text(run("config", "dump", "--bag", world.bag()).stdout)
    assert "/lidar/top/semantic/points" in run("config", "check", file).stdout
    sensors = json.loads(run("config", "check", file, "--json").stdout)["sensors"]
    assert sensors["lidar.top"]["reads"] == [world.points_topic]


@pytest.mark.parametrize("name", ["simulated", "viking_hill", "goose_mucar3"])
def test_shipped_platforms_are_in_order(repo, name):
    run("config", "check", repo / "config" / "platforms" / f"{name}.yaml")


def test_config_check_refuses_outputs_that_clash():
    settings = ["camera.a.image_topic=/x/left", "camera.b.image_topic=/x/right"]
    arguments = [word for setting in settings for word in ("--set", setting)]
    result = CliRunner().invoke(app, ["config", "check", *arguments])
    assert result.exit_code == 2
    assert "camera.a.output_prefix and camera.b.output_prefix both give" in result.stderr


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("camera.front.image_topic", "/bad topic/image"),
        ("camera.front.camera_info_topic", "/front/info/"),
        ("camera.front.output_prefix", "/1st"),
        ("lidar.top.topic", "/top//points"),
        ("lidar.top.output_topic", "/top/points!"),
        ("transforms.odometry_topic", "/odom-1"),
    ],
)
def test_a_name_that_ros_refuses_is_told_with_its_parameter(key, name):
    settings = {"camera.front.image_topic": "/front/image", "lidar.top.topic": "/top/points"}
    arguments = [f"--set={k}={v}" for k, v in {**settings, key: name}.items()]
    result = CliRunner().invoke(app, ["config", "check", *arguments])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {key}: expected a name of letters")
    assert name in result.stderr


def test_sections_of_a_namespace_are_checked(tmp_path):
    file = tmp_path / "robot.yaml"
    for key in ("/ns/perception_node", "/**/perception_node"):
        file.write_text(f"{key}: {{ros__parameters: {{transfer.cell_px: 5}}}}")
        assert "ok: 0 cameras" in run("config", "check", file).stdout
