"""`seg-perception inspect`: what is printed, for people and for machines."""

import json

import yaml
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.config import Config


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result


def test_inspect_prints_parameters_that_can_be_pasted(world):
    text = run("inspect", world.bag()).stdout
    parameters = yaml.safe_load(text[text.index("/**:") : text.index("seg-perception replay")])
    config = Config.from_parameters(parameters["/**"]["ros__parameters"])
    assert config.cameras["front"].image_topic == world.image_topic


def test_inspect_json(world):
    assert json.loads(run("inspect", world.bag(), "--json").stdout)["kind"] == "bag"
    assert json.loads(run("inspect", world.bundle, "--json").stdout)["kind"] == "bundle"
