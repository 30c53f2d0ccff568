"""`seg-perception simulate`: a drive of a few moments."""

import json

import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result


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
