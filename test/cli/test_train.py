import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

pytest.importorskip("torch", reason="training needs torch: install the extra [train]")

from seg_perception.cli.main import app
from seg_perception.training.checkpoint import Checkpoint
from seg_perception.training.config import TrainingConfig


@pytest.fixture
def arguments(tiny_config: TrainingConfig, tmp_path: Path) -> list[str]:
    config = tiny_config.model_copy(update={"steps": 2, "validate_every": 2})
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(config.model_dump(mode="json")))
    run = ["train", "run", str(tmp_path / "run.yaml"), "-o", str(tmp_path / "run")]
    return [*run, "--data-root", str(tmp_path), "--device", "cpu"]


def test_a_run_prints_its_table_and_is_resumed(arguments: list[str], tmp_path: Path) -> None:
    first = CliRunner().invoke(app, [*arguments, "--until", "1"])
    assert first.exit_code == 0, first.output
    again = CliRunner().invoke(app, arguments)
    assert again.exit_code == 2
    assert "last.pt is of an earlier run: add --resume" in again.output
    rest = CliRunner().invoke(app, [*arguments, "--resume"])
    assert rest.exit_code == 0, rest.output
    assert "| class | stripes |" in rest.output
    assert "No training pixel names for certain: " in rest.output
    assert Checkpoint.load(tmp_path / "run" / "last.pt").step == 2
    assert list((tmp_path / "run").glob("events.out.tfevents.*"))


def test_json_names_the_checkpoints_and_the_scores(arguments: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout)
    assert (facts["step"], facts["best"]) == (2, str(tmp_path / "run" / "best.pt"))
    assert set(facts["scores"]["stripes"]) == {"classes", "categories", "pixel_accuracy"}


def test_a_run_starts_from_a_checkpoint_but_not_from_another_networks_bundle(
    arguments: list[str], tmp_path: Path
) -> None:
    assert CliRunner().invoke(app, [*arguments, "--until", "1"]).exit_code == 0
    again = [word.replace("/run", "/next") if word.endswith("/run") else word for word in arguments]
    other = CliRunner().invoke(app, [*again, "--init", "field_tiny"])
    assert other.exit_code == 2
    assert "another network than `model` describes" in other.stderr
    first = str(tmp_path / "run" / "last.pt")
    done = CliRunner().invoke(app, [*again, "--init", first, "--until", "1"])
    assert done.exit_code == 0, done.output
    assert Checkpoint.load(tmp_path / "next" / "last.pt").step == 1


def test_an_unreadable_source_is_explained(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, [*arguments, "--source", "stripes"])
    assert result.exit_code == 2
    assert "--source 'stripes': expected NAME=PATH" in result.output


def test_a_metric_that_nothing_measures_is_refused(arguments: list[str], tmp_path: Path) -> None:
    config = yaml.safe_load((tmp_path / "run.yaml").read_text())
    (tmp_path / "run.yaml").write_text(yaml.safe_dump({**config, "metric": "gravel"}))
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "metric 'gravel': expected one of" in result.output
