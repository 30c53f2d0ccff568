"""Commands that read a bag take `--remap`, as a node takes its remappings."""

from __future__ import annotations

import json

import pytest
import yaml
from typer.testing import CliRunner

from seg_perception.cli.main import app

RULE = "/tf_static:=/a200_0000/tf_static"


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def bag(world):
    """A drive whose mountings are published under a namespace."""
    names = {"/tf_static": "/a200_0000/tf_static"}
    return world.bag([(at, names.get(topic, topic), m) for at, topic, m in world.events()])


COMMANDS = {
    "inspect": (),
    "replay": ("-o", "out.mcap"),
    "evaluate": ("-o", "run", "--labels", "model"),
    "mine": ("-o", "mined"),
    "calibrate": (),
    "check-calibration": (),
    "estimate-offset": (),
    "platform new": (),
    "view": ("--save", "out.rrd"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_reads_the_bag_under_other_names(bag, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rule = "/tf_static:=/a201/tf_static"
    result = run(*command.split(), bag, *COMMANDS[command], "--remap", rule, code=2)
    assert f"--remap {rule}: expected one of its topics ['/a200_0000/tf_static'" in result.stderr


def test_bag_of_config_dump_is_read_under_other_names(bag):
    changed = run("config", "dump", "--bag", bag, "--remap", "/points:=/lidar/top/points").stdout
    lidars = yaml.safe_load(changed)["/**"]["ros__parameters"]["lidar"]
    assert [lidar["topic"] for lidar in lidars.values()] == ["/points"]


def test_replay_labels_with_the_transforms_and_its_output_needs_no_remapping(world, bag):
    setting = ("--set", f"segmentation.bundle={world.bundle}", "--json")
    out, again = world.folder / "out.mcap", world.folder / "again.mcap"
    without = run("replay", bag, "-o", world.folder / "blind.mcap", *setting, code=2)
    assert f"--remap {RULE}" in without.stderr
    summary = json.loads(run("replay", bag, "-o", out, *setting, "--remap", RULE).stdout)
    assert summary["points"]["top"]["labelled"] == 10
    topics = world.topics(out)
    assert topics["/tf_static"] == 1
    assert "/a200_0000/tf_static" not in topics
    copied = ("--with-inputs", "--remap", RULE)
    run("replay", bag, "-o", again, *setting, *copied)
    assert {t for t in world.topics(again) if "tf_static" in t} == {"/tf_static"}


def test_the_parameter_file_of_a_namespaced_robot_fits_its_bag_under_its_rules(world, tmp_path):
    events = [(at, f"/a200{topic}", message) for at, topic, message in world.events()]
    parameters = {
        "cameras": ["front"],
        "camera.front.image_topic": world.image_topic.lstrip("/"),
        "lidars": ["top"],
        "lidar.top.topic": world.points_topic.lstrip("/"),
        "transforms.fixed_frame": "",
        "segmentation.bundle": str(world.bundle),
    }
    file, out = tmp_path / "robot.yaml", tmp_path / "out.mcap"
    file.write_text(yaml.safe_dump({"/**": {"ros__parameters": parameters}}))
    names = sorted({topic.removeprefix("/a200") for _, topic, _ in events})
    rules = [f"--remap={name}:=/a200{name}" for name in names]
    bag = world.bag(events, "a200.mcap")
    summary = json.loads(run("replay", bag, "-o", out, "--config", file, "--json", *rules).stdout)
    assert summary["points"]["top"]["labelled"] == 10
    assert summary["problems"] == []
    assert world.topics(out)["/lidar/top/semantic/points"] == 5


def test_inspection_finds_the_transforms_under_their_other_name(bag):
    document = json.loads(run("inspect", bag, "--remap", RULE, "--json").stdout)
    assert {(e["parent"], e["child"]) for e in document["transforms"]} == {
        ("base_link", "camera_optical"),
        ("base_link", "lidar"),
    }
    assert "namespaced_tf" not in {issue["code"] for issue in document["issues"]}


def test_new_parameter_file_says_how_its_node_is_started(bag):
    text = run("platform", "new", bag, "--remap", RULE).stdout
    assert f"# It is for a node that is started with --ros-args -r {RULE}\n" in text


def test_what_has_no_topics_is_not_remapped(world):
    result = run("inspect", world.bundle, "--remap", RULE, code=2)
    assert "is a bundle, which has no topics" in result.stderr
    (world.folder / "images").mkdir()
    (world.folder / "map.ply").write_text("ply\n")
    result = run("view", world.folder / "map.ply", "--save", "m.rrd", "--remap", RULE, code=2)
    assert "is a map, which has no topics" in result.stderr
    result = run("evaluate", world.folder / "images", "--remap", RULE, code=2)
    assert "is a data set, which has no topics" in result.stderr
