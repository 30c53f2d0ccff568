"""The command line: what is printed, for people and for machines."""

import json

import pytest
import yaml
from typer.testing import CliRunner

from seg_perception import __version__
from seg_perception.cli.main import app
from seg_perception.cli.options import apply_settings
from seg_perception.config import Config
from seg_perception.core.errors import ConfigError


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result


def test_version():
    assert run("--version").stdout == f"seg-perception {__version__}\n"


@pytest.mark.parametrize("command", ["replay", "inspect", "simulate", "config"])
def test_every_command_has_help(command):
    assert command in run("--help").stdout
    assert "--json" in run(*[command, "dump"][: 1 + (command == "config")], "--help").stdout


def test_replay_needs_no_configuration(world):
    out = world.folder / "out.mcap"
    bundle = f"segmentation.bundle={world.bundle}"
    result = run("replay", world.bag(), "-o", out, "--set", bundle, "--json")
    summary = json.loads(result.stdout)
    assert summary["balanced"] is True
    assert summary["streams"]["lidar.top"]["published"] == 5
    assert summary["written"]["/lidar/top/semantic/points"] == 5
    assert summary["points"]["top"]["labelled"] == 10
    assert out.is_file()


def test_replay_prints_tables(world):
    bundle = f"segmentation.bundle={world.bundle}"
    text = run("replay", world.bag(), "-o", world.folder / "out.mcap", "--set", bundle).stdout
    for word in ("camera.front", "lidar.top", "labelled", "p95", "ONNX Runtime", "out.mcap"):
        assert word in text.replace("\n", "")


def test_replay_reads_a_parameter_file(world):
    file = world.folder / "robot.yaml"
    parameters = world.config(output__png=True).to_parameters()
    file.write_text(yaml.safe_dump({"/**": {"ros__parameters": parameters}}))
    out = world.folder / "out.mcap"
    run("replay", world.bag(), "-o", out, "--config", file, "--set", "lidars=[]", "--json")
    topics = world.topics(out)
    assert topics["/camera/front/semantic/label_image/compressed"] == 5
    assert "/lidar/top/semantic/points" not in topics


def test_inspect_prints_parameters_that_can_be_pasted(world):
    text = run("inspect", world.bag()).stdout
    parameters = yaml.safe_load(text[text.index("/**:") : text.index("seg-perception replay")])
    config = Config.from_parameters(parameters["/**"]["ros__parameters"])
    assert config.cameras["front"].image_topic == world.image_topic


def test_inspect_json(world):
    assert json.loads(run("inspect", world.bag(), "--json").stdout)["kind"] == "bag"
    assert json.loads(run("inspect", world.bundle, "--json").stdout)["kind"] == "bundle"


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


def test_simulate_writes_a_bag_that_can_be_inspected(tmp_path):
    pytest.importorskip("embreex", reason="the simulation's extra is not installed")
    bag = tmp_path / "sim.mcap"
    small = ["lidar_beams=8", "lidar_columns=64", "camera_width=96", "camera_height=64"]
    settings = [word for setting in small for word in ("--set", setting)]
    made = json.loads(run("simulate", "-o", bag, "--duration", 0.3, *settings, "--json").stdout)
    assert made["lidar_beams"] == 8
    parameters = json.loads(run("inspect", bag, "--json").stdout)["parameters"]
    assert parameters["cameras"] == ["front"]
    assert parameters["radars"] == ["front"]
    assert parameters["transforms.fixed_frame"] == "odom"


def test_settings_list_and_unlist_sensors():
    given = {"cameras": ["a", "b"], "camera.a.image_topic": "/a", "camera.b.image_topic": "/b"}
    settings = ["cameras=[b]", "lidar.top.topic=/points", "camera.b.rectified=true"]
    assert apply_settings(given, settings) == {
        "cameras": ["b"],
        "camera.b.image_topic": "/b",
        "camera.b.rectified": True,
        "lidars": ["top"],
        "lidar.top.topic": "/points",
    }


@pytest.mark.parametrize("setting", ["nothing", "=3", "a={"])
def test_settings_of_another_form_are_refused(setting):
    with pytest.raises(ConfigError, match="--set"):
        apply_settings({}, [setting])


def test_platform_new_writes_a_file_that_replays_the_bag(world):
    robot, bag = world.folder / "robot.yaml", world.bag()
    run("platform", "new", bag, "-o", robot)
    assert robot.read_text().startswith("# Guessed from ")
    assert list(Config.load(robot).lidars) == ["top"]
    described = json.loads(run("platform", "new", bag, "--json").stdout)
    assert Config.from_parameters(described["parameters"]) == Config.load(robot)


def test_platform_view_is_for_rviz_or_foxglove(world):
    text = run("platform", "view", "simulated", "--follow", "base_link").stdout
    assert "rviz_common/Displays" in text
    layout = json.loads(run("platform", "view", "simulated", "--kind", "foxglove").stdout)
    assert "layout" in layout
    result = CliRunner().invoke(app, ["platform", "view", "simulated", "--kind", "gazebo"])
    assert result.exit_code == 2
    assert "expected one of ['rviz', 'foxglove']" in result.output


def test_platform_list_names_every_robot():
    known = json.loads(run("platform", "list", "--json").stdout)
    assert "viking_hill" in known
    assert "viking_hill" in run("platform", "list").stdout
