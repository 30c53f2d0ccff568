"""`seg-perception label --words` from the command line."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from detected_cuboids import detection, detections
from typer.testing import CliRunner

pytest.importorskip("onnx", reason="the teacher of these tests is made with onnx")
pytest.importorskip("transformers", reason="teachers need transformers")

import word_teachers

from seg_perception.cli.main import app
from seg_perception.teaching.clicks import Click, ClickRecord


def label(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["label", *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


def one_line(text: str) -> str:
    return " ".join(text.split())


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
        assert said in one_line(errors), errors


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


@pytest.fixture(scope="module")
def sam(tmp_path_factory) -> Path:
    """SAM 2 with random weights."""
    return word_teachers.SAM2.save(tmp_path_factory.mktemp("sam") / "sam")


def test_clicks_of_a_teaching_become_outlines(photo, sam, tmp_path):
    record = tmp_path / "clicks.jsonl"
    written = ClickRecord(record)
    for x, name in ((16, "log"), (80, "tree"), (99, "tree")):
        written.add(Click("photo", 0, x, 24, name, "ann", "asked", "teach"))
    out = tmp_path / "out"
    code, text, errors = label(
        photo, "-o", out, "--prompts", record, "--masks-by", sam, "--device", "cpu"
    )
    assert code == 0, errors
    assert "a click at 99, 24 is outside of the picture of 96x48" in " ".join(
        (text + errors).split()
    )
    told = json.loads((out / "label.json").read_text())
    assert [Path(path).stem for path in (out / "masks_src").iterdir()] == ["photo"]
    assert any("99, 24" in note for note in told["notes"])
    names = {json.loads(line)["label"] for line in (out / "regions.jsonl").read_text().splitlines()}
    assert names <= {"log", "tree"}


def test_cuboids_of_a_bag_become_outlines(world, sam, tmp_path):
    seen = detection(((10, 0, 0), (2, 4, 4)), ("log", 0.6))
    message = detections(world.start_ns + 2 * world.ms, seen)
    events = [*world.events(5), (world.start_ns + 20 * world.ms, "/objects", message)]
    bag = world.bag(sorted(events, key=lambda event: event[0]))
    out = tmp_path / "out"
    settings = (
        "--set",
        "camera.front.frame_convention=optical",
        "--set",
        "transforms.fixed_frame=",
    )
    code, _, errors = label(
        bag, "-o", out, "--prompts", "cuboids", "--masks-by", sam, "--device", "cpu", *settings
    )
    assert code == 0, errors
    assert len(list((out / "masks_src").iterdir())) == 5


def test_prompts_of_another_kind_are_one_sentence(photo, sam, words, tmp_path):
    by = ("-o", tmp_path / "out", "--masks-by", sam, "--device", "cpu")
    cases = [
        ((photo, *by, "--prompts", "circles"), "expected boxes or coarse (of a labelled folder)"),
        ((photo, *by, "--prompts", "cuboids"), "cuboids are projected into the pictures of a bag"),
        ((photo, *by, "--prompts", tmp_path / "no.jsonl"), "no.jsonl"),
        ((photo, *by, "--prompts", "boxes", "--words", words), "leave out --words and --teacher"),
        ((photo, *by[:2], "--prompts", "boxes"), "--prompts needs --masks-by FOLDER"),
    ]
    for arguments, said in cases:
        code, _, errors = label(*arguments)
        assert code == 2, (said, errors)
        assert said in one_line(errors), errors
