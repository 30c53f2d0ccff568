"""`train new`: what it finds, says, asks and writes; it needs no torch."""

import json
from pathlib import Path

import pytest
import yaml
from painted import NAMES, write_painted
from typer.testing import CliRunner

from seg_perception.cli import train
from seg_perception.cli.main import app
from seg_perception.core.ontology import Ontology

NAMED = ",".join(f"{i}={name}" for i, name in NAMES.items())


@pytest.fixture(autouse=True)
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_painted(tmp_path / "photos")
    return tmp_path / "photos"


def new(*more: str, answers: str = "") -> tuple[int, str, str]:
    words = ["train", "new", "photos", "-o", "p", *more]
    done = CliRunner().invoke(app, words, input=answers)
    return done.exit_code, done.stdout, done.stderr


def read(name: str) -> dict:
    return yaml.safe_load((Path("p") / name).read_text())


def test_what_was_found_and_what_comes_next_is_printed() -> None:
    code, text, errors = new("--names", NAMED)
    assert code == 0, errors
    assert "10 images: images/ with masks/; ids are the pixels of the masks" in text
    assert "│ 255 │ ignore │   3.1% │     10 │" in text
    assert "# train\nseg-perception train run p/train.yaml -o p/run\n" in text
    assert "seg-perception compare p/scores p/scores_2" in text
    # What the weights may be used for is never silent.
    assert "note: the run starts from the weights of field_tiny, whose licence is" in errors


def test_the_files_say_what_the_ids_are() -> None:
    assert new("--names", f"{NAMED},9=rock")[0] == 0
    assert Ontology.load(Path("p/ontology.yaml")).names == dict(
        enumerate(["grass", "trail", "tree", "sky", "rock"])
    )
    # As the shipped ontology paints it.
    assert Ontology.load(Path("p/ontology.yaml")).palette[3].tolist() == [0x21, 0x96, 0xF3]
    mapped = {i: entry["as"] for i, entry in read("mapping.yaml")["classes"].items()}
    assert mapped == {1: ["grass"], 2: ["trail"], 3: ["tree"], 4: ["sky"], 9: ["rock"], 255: []}
    run, split = read("train.yaml"), read("split.yaml")
    assert run["unseen"] == ["rock"]
    assert run["network_size"] == [96, 64]
    listed = [name for part in split.values() for name in part]
    assert sorted(listed) == [f"{index:02d}" for index in range(10)]
    assert split["validation"]


def test_names_are_asked_for_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "_may_ask", lambda: True)
    code, _, errors = new("--names", "1=grass,2=trail", answers="tree\nignore\n")
    assert code == 0, errors
    assert "Name of id 4 (" in errors
    assert list(Ontology.load(Path("p/ontology.yaml")).ids) == ["grass", "trail", "tree"]


def test_without_a_terminal_a_missing_name_is_a_sentence_and_nothing_is_written() -> None:
    code, _, errors = new("--names", "1=grass,2=trail,4=sky")
    assert code == 2
    assert "ids without a name: 3 (" in errors
    assert not Path("p").exists()


def test_json_holds_what_was_found_and_nothing_else_is_printed() -> None:
    code, text, _ = new("--names", NAMED, "--json", "--init", "")
    assert code == 0
    facts = json.loads(text)
    assert facts["classes"] == list(NAMES.values())
    assert [entry["id"] for entry in facts["ids"]] == [1, 2, 3, 4, 255]
    assert sum(facts["split"][part] for part in ("train", "validation", "dropped")) == 10
    assert facts["notes"] == []
    assert "init" not in read("train.yaml")
    assert read("train.yaml")["model"] == {"family": "field_lite", "pretrained": True}


def test_a_project_is_never_written_over() -> None:
    assert new("--names", NAMED)[0] == 0
    code, _, errors = new("--names", NAMED)
    assert code == 2
    assert "p exists: expected a new folder" in errors


def test_who_leaves_run_out_is_told(photos: Path) -> None:
    done = CliRunner().invoke(app, ["train", "p/train.yaml", "-o", "p/run"])
    assert done.exit_code == 2
    assert "expected `train run p/train.yaml`" in done.stderr
