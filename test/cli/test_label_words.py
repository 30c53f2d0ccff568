"""`seg-perception label --words` from the command line."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("onnx", reason="the teacher of these tests is made with onnx")
pytest.importorskip("transformers", reason="teachers need transformers")

from seg_perception.cli.main import app


def label(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["label", *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def words(tmp_path: Path) -> Path:
    file = tmp_path / "words.yaml"
    file.write_text(
        "name: yard\nclasses:\n- {name: barn, phrases: [red]}\n- {name: pond, phrases: [Blue]}\n"
    )
    return file


@pytest.fixture
def teacher(tmp_path: Path, colour_model) -> Path:
    """Knows red, green and blue."""
    return colour_model.write(tmp_path, 32, 16)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Red, green and blue stripes."""
    image = np.broadcast_to(np.eye(3, dtype=np.uint8)[np.arange(96) // 32] * 200, (48, 96, 3))
    cv2.imwrite(str(tmp_path / "photo.png"), image[..., ::-1].copy())
    return tmp_path / "photo.png"


def test_a_bundle_labels_photographs_with_words(photo, words, teacher, tmp_path):
    out = tmp_path / "out"
    code, text, errors = label(photo, "-o", out, "--words", words, "--teacher", teacher)
    assert code == 0, errors
    assert "s a picture and" in errors
    assert "barn: 34.4% of the pixels" in text
    labels = cv2.imread(str(out / "masks_src" / "photo.png"), cv2.IMREAD_UNCHANGED)
    # Green is no word: no label there.
    assert [int(labels[24, x]) for x in (16, 48, 80)] == [0, 255, 1]
    regions = [json.loads(line) for line in (out / "regions.jsonl").read_text().splitlines()]
    assert {(r["label"], r["word"]) for r in regions} == {("barn", "red"), ("pond", "Blue")}


def test_a_bundle_labels_a_bag_with_words(world, words, teacher, tmp_path):
    bag = world.bag(world.events(6))
    out = tmp_path / "out"
    code, text, errors = label(
        bag, "-o", out, "--words", words, "--teacher", teacher, "--every", "2", "--json"
    )
    assert code == 0, errors
    names = sorted(path.stem for path in (out / "masks_src").iterdir())
    assert json.loads(text)["frames"] == len(names) == 3
    stamps = [int(name.rpartition("_")[2]) for name in names]
    # Ten pictures a second, every other one.
    assert np.diff(stamps).tolist() == [200_000_000, 200_000_000]


def test_mistakes_are_one_sentence(photo, words, teacher, tmp_path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("name: yard\nclasses:\n- {name: log}\n")
    out = ("-o", tmp_path / "out")
    cases = [
        ((photo, *out, "--words", words), "--teacher FOLDER is missing"),
        ((photo, *out, "--teacher", teacher), "--words words.yaml is missing"),
        ((photo, *out, "--words", wrong, "--teacher", teacher), "'log': no class of bundle"),
        ((photo, *out, "--words", words, "--teacher", tmp_path / "x"), "expected the folder"),
        ((photo, *out, "--words", words, "--teacher", teacher, "--flip"), "leave them out with"),
        (
            (photo, *out, "--words", words, "--teacher", teacher, "--prune", "top=3"),
            "expected values of enabled, share, cap, sure",
        ),
        ((tmp_path / "no.mcap", *out, "--words", words, "--teacher", teacher), "no such file"),
    ]
    for arguments, said in cases:
        code, _, errors = label(*arguments)
        assert code == 2, (said, errors)
        assert said in " ".join(errors.split()), errors


def test_a_stopped_run_goes_on_with_the_same_bundle(photo, words, teacher, tmp_path, monkeypatch):
    """Loading takes another time then, which is no other teacher."""
    arguments = (photo, "-o", tmp_path / "out", "--words", words, "--teacher", teacher, "--json")

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("seg_perception.open_vocabulary.run.WordRun._write", stop)
        assert label(*arguments)[0] != 0
    code, text, errors = label(*arguments)
    assert code == 0, errors
    assert json.loads(text)["taken_on"] == 1
