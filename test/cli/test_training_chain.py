"""From ten images with masks to scores and a comparison, by the commands that are printed."""

import json
import shlex
from pathlib import Path

import pytest
import yaml
from painted import NAMES, shift_masks, write_painted
from typer.testing import CliRunner

torch = pytest.importorskip("torch", reason="training needs torch: install the extra [train]")
pytest.importorskip("onnx", reason="the export needs onnx: install the extra [train]")

from seg_perception.cli.main import app
from seg_perception.inference.bundle import Bundle

STEPS = "30"
NAMED = ",".join(f"{i}={name}" for i, name in NAMES.items())


def run(*words: str) -> str:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, f"{shlex.join(words)}\n{done.output}"
    return done.stdout


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def results(folder: str) -> dict:
    return json.loads((Path(folder) / "results.json").read_text())


@pytest.mark.timeout(600)
def test_ten_images_become_a_model_with_scores_and_a_comparison(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_painted(Path("photos"))
    printed = json.loads(
        run("train", "new", "photos", "-o", "p", "--names", NAMED, "--steps", STEPS, "--json")
    )
    script = [
        line for line in Path("p/commands.sh").read_text().splitlines() if line.startswith("seg-")
    ]
    assert [entry["command"] for entry in printed["commands"]] == script
    for line in script[:3]:
        run(*shlex.split(line)[1:])
    config = yaml.safe_load(Path("p/train.yaml").read_text())
    Path("p/train.yaml").write_text(yaml.safe_dump({**config, "steps": 5, "seed": 2}))
    *again, comparison = script[3:]
    for line in again:
        run(*shlex.split(line)[1:])
    run(*shlex.split(comparison)[1:])

    assert list(Bundle.load("p/model").ontology.ids) == list(NAMES.values())
    found = results("p/scores")
    # Colours tell the classes apart, so that ten images are enough.
    assert found["streams"][0]["metrics"]["fine.miou"] > 70
    # The ids as the model has them, on the same images: the very same counts.
    shift_masks(Path("photos"), Path("shifted"))
    held = ("--split", "p/split.yaml", "--protocol", "own", "--same-ids")
    run("evaluate", "shifted", *held, "--set", "segmentation.bundle=p/model", "-o", "s")
    assert results("s")["streams"] == found["streams"]
