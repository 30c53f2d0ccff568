"""`seg-perception platform`: robots that are listed, written and shown."""

import json

import yaml
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.config import Config, parameter_file


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result


def test_platform_new_writes_a_file_that_replays_the_bag(world):
    robot, bag = world.folder / "robot.yaml", world.bag()
    run("platform", "new", bag, "-o", robot)
    assert robot.read_text().startswith("# Guessed from ")
    assert list(Config.load(robot).lidars) == ["top"]
    described = json.loads(run("platform", "new", bag, "--json").stdout)
    assert Config.from_parameters(described["parameters"]) == Config.load(robot)


def test_platform_layout_is_for_rviz_or_foxglove(world):
    text = run("platform", "layout", "simulated", "--follow", "base_link").stdout
    assert "rviz_common/Displays" in text
    layout = json.loads(run("platform", "layout", "simulated", "--kind", "foxglove").stdout)
    assert "layout" in layout
    result = CliRunner().invoke(app, ["platform", "layout", "simulated", "--kind", "gazebo"])
    assert result.exit_code == 2
    assert "expected one of ['rviz', 'foxglove']" in result.output


def test_view_of_a_shipped_platform_moves_with_the_platforms_frame(repo):
    shipped = (repo / "config" / "rviz" / "goose_spot.rviz").read_text(encoding="utf-8")
    assert run("platform", "layout", "goose_spot").stdout == shipped


def test_platform_list_names_every_robot():
    known = json.loads(run("platform", "list", "--json").stdout)
    assert "viking_hill" in known
    assert "viking_hill" in run("platform", "list").stdout


def test_layout_and_policy_are_documents_too(tmp_path):
    plain = run("platform", "policy", "simulated").stdout
    document = json.loads(run("platform", "policy", "simulated", "--json").stdout)
    assert document == {"platform": "simulated", "output": None, "text": plain}
    for kind in ("rviz", "foxglove"):
        file = tmp_path / f"view.{kind}"
        options = ("simulated", "--kind", kind, "-o", file, "--json")
        document = json.loads(run("platform", "layout", *options).stdout)
        assert document["text"] == file.read_text()
        assert (document["kind"], document["output"]) == (kind, str(file))


def test_platform_nav2_writes_parameters_for_a_robot_and_its_model(tmp_path, tiny_bundle):
    robot, nav2 = tmp_path / "robot.yaml", tmp_path / "nav2.yaml"
    parameters = {"lidars": ["top"], "lidar.top.topic": "/top/points"}
    robot.write_text(parameter_file(parameters))
    result = run("platform", "nav2", robot, "--bundle", tiny_bundle, "-o", nav2)
    assert f"note: {robot} needs output.nav2_semantic_cloud: true" in result.stderr
    layer = yaml.safe_load(nav2.read_text())["local_costmap"]["local_costmap"]["ros__parameters"]
    assert layer["semantic_layer"]["top"]["impassable"]["classes"] == ["blue"]
    robot.write_text(parameter_file({**parameters, "output.nav2_semantic_cloud": True}))
    result = run("platform", "nav2", robot, "--bundle", tiny_bundle, "--json")
    assert "note:" not in result.stderr
    document = json.loads(result.stdout)
    assert yaml.safe_load(document["text"]) == yaml.safe_load(nav2.read_text())
    assert document["output"] is None


def test_platform_nav2_refuses_a_robot_without_a_lidar(tmp_path, tiny_bundle):
    robot = tmp_path / "robot.yaml"
    robot.write_text(parameter_file({"cameras": ["a"], "camera.a.image_topic": "/a"}))
    command = ["platform", "nav2", str(robot), "--bundle", str(tiny_bundle)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    assert "expected a lidar or a depth camera in the robot file" in " ".join(result.output.split())
