"""`seg-perception replay`: what is printed, for people and for machines."""

import json

import yaml
from typer.testing import CliRunner

from seg_perception.cli.main import app


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result


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


def test_what_was_guessed_without_a_configuration_is_said(world):
    bag, bundle = world.bag(), f"segmentation.bundle={world.bundle}"
    guessed = run("replay", bag, "-o", world.folder / "1.mcap", "--set", bundle)
    assert guessed.stderr == (
        "note: the bag has no /tf: the robot is taken as at rest; record odom to base_link for "
        "moving robots; of this bag, a lidar tells the motion: add --odometry kiss-icp to replay "
        "it\n"
    )
    told = ["--set", "transforms.fixed_frame=base_link"]
    given = run("replay", bag, "-o", world.folder / "2.mcap", "--set", bundle, *told)
    assert given.stderr == ""


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
