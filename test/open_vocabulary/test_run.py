"""A run over pictures: what is written, and how it goes on after a stop."""

import json

import cv2
import numpy as np
import pytest

from seg_perception.core.errors import ImageError, OpenVocabularyError
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.layouts import open_folder
from seg_perception.open_vocabulary.frames import PhotoFrames
from seg_perception.open_vocabulary.labelling import WordLabeller
from seg_perception.open_vocabulary.pruning import Pruning
from seg_perception.open_vocabulary.run import WordRun

LEFT = np.float32([[0.9, 0.9, 0.9, 0, 0, 0]] * 4)
# On the right of the picture two words are equally sure.
RIGHT = np.float32([[0, 0, 0, 0.8, 0.8, 0.8]] * 4)


@pytest.fixture
def label(photos, tmp_path, planted, words):
    """Label the photos with planted answers."""

    def run(answers=None, name="out", classes=("log", "tree", "sky"), batch=2, teacher=None):
        teacher = teacher or planted(answers or {"log": LEFT, "tree": RIGHT, "sky": RIGHT})
        output = tmp_path / name
        own = words(*classes)
        labeller = WordLabeller(teacher, own, Pruning())
        work = WordRun(labeller, own, {}, batch, lambda: 1)
        return work.label(PhotoFrames(photos, output, 1), output), output

    return run


def test_masks_confidence_and_who_said_what_are_written_as_mine_writes_them(label):
    summary, output = label()
    names = {"a": (16, 24), "b__c": (16, 24), "d": (20, 30)}
    for name, shape in names.items():
        mask = cv2.imread(str(output / "masks_src" / f"{name}.png"), cv2.IMREAD_UNCHANGED)
        sure = cv2.imread(str(output / "confidence" / f"{name}.png"), cv2.IMREAD_UNCHANGED)
        both = cv2.imread(str(output / "open" / f"{name}.png"), cv2.IMREAD_UNCHANGED)
        assert mask.shape == sure.shape == both.shape == shape
        edge = shape[1] // 3
        assert (mask[:, :edge] == 0).all()
        assert (sure[:, :edge] == 230).all()
        assert (mask[:, -edge:] == 255).all()
        assert (both[:, -edge:] == 255).all()
        assert (output / "overlays" / f"{name}.jpg").is_file()
    regions = [json.loads(line) for line in (output / "regions.jsonl").read_text().splitlines()]
    assert {r["frame"] for r in regions} == set(names)
    (log,) = [r for r in regions if r["frame"] == "a" and r["label"]]
    assert (log["label"], log["word"], log["teacher"]) == ("log", "log", "planted")
    assert log["score"] > 0.8
    (waiting,) = [r for r in regions if r["frame"] == "a" and not r["label"]]
    assert waiting["open_between"] == ["tree", "sky"]
    assert Ontology.load(output / "ontology.yaml").ids == {"log": 0, "tree": 1, "sky": 2}
    assert {a["category_id"] for a in json.loads((output / "coco.json").read_text())["annotations"]}
    assert (output / "cvat_masks.zip").is_file()
    assert summary.frames == 3
    assert summary.pixels.keys() == {"log"}
    assert summary.notes == ("no pixel was labelled tree, sky",)
    assert not output.with_name("out.unfinished").exists()


def test_training_reads_the_folder(label):
    _, output = label()
    folder = open_folder(output)
    assert len(folder.pairs) == 3


def test_a_run_that_was_stopped_asks_only_for_what_is_left(label, planted):
    class Tired(planted):
        def score(self, images, phrases):
            if len(self.asked) == 2:
                raise KeyboardInterrupt
            return super().score(images, phrases)

    answers = {"log": LEFT, "tree": RIGHT, "sky": 0}
    with pytest.raises(KeyboardInterrupt):
        label(teacher=Tired(answers))
    fresh = planted(answers)
    summary, resumed = label(teacher=fresh)
    assert len(fresh.asked) == 1
    assert summary.taken_on == 2
    _, whole = label(answers, name="whole")
    for part in ("masks_src", "confidence", "open"):
        for file in sorted((whole / part).iterdir()):
            assert (resumed / part / file.name).read_bytes() == file.read_bytes()
    assert (resumed / "regions.jsonl").read_bytes() == (whole / "regions.jsonl").read_bytes()


def test_another_run_is_not_taken_on(label, planted, photos, tmp_path):
    class Stopped(planted):
        def score(self, *_):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        label(teacher=Stopped({}))
    with pytest.raises(OpenVocabularyError, match="holds a run with another words"):
        label(classes=("log", "water"))


def test_an_output_that_is_there_is_left_alone(label):
    label()
    with pytest.raises(ImageError, match="exists"):
        label()


def test_a_picture_too_large_for_memory_is_refused_before_it_is_tried(label, monkeypatch):
    monkeypatch.setattr("seg_perception.open_vocabulary.memory.available_bytes", lambda: 20_000)
    with pytest.raises(OpenVocabularyError, match=r"a: a picture of 24x16 needs 0\.0 GB"):
        label()


def test_a_lack_of_memory_is_said_with_the_size(label, planted):
    class Large(planted):
        def score(self, *_):
            raise MemoryError

    with pytest.raises(OpenVocabularyError, match="no memory for 2 pictures of 24x16 at once"):
        label(teacher=Large({}))


def test_pictures_without_a_label_and_words_that_nobody_looked_for_are_said(
    photos, tmp_path, planted, words
):
    own = words("log", "tree", "sky")
    labeller = WordLabeller(planted({"log": 0.1}), own, Pruning(cap=2, share=0.3))
    run = WordRun(labeller, own, {}, 1, lambda: 1)
    summary = run.label(PhotoFrames(photos, tmp_path / "out", 1), tmp_path / "out")
    empty, never, _ = summary.notes
    assert empty == "nothing in the picture got a label (3 times)"
    # The quantile 0.7 of 0.1, 0 and 0 lies between the first two: only the first reaches it.
    assert never.startswith("tree, sky: looked for at full size in no picture")


def test_a_score_that_is_no_number_is_absent_and_said_after_a_stop_too(label, planted):
    class Tired(planted):
        def score(self, images, phrases):
            if len(self.asked) == 2:
                raise KeyboardInterrupt
            return super().score(images, phrases)

    broken = np.array(LEFT)
    broken[0, 0] = np.nan
    answers = {"log": broken, "tree": RIGHT, "sky": np.full((4, 6), np.inf, np.float32)}
    with pytest.raises(KeyboardInterrupt):
        label(teacher=Tired(answers))
    summary, output = label(answers)
    assert summary.taken_on == 2
    said = [note for note in summary.notes if "are no numbers" in note]
    assert [note[: note.index(" are")] for note in said] == [
        "the teacher's scores of 'log'",
        "the teacher's scores of 'sky'",
    ]
    assert all(note.endswith("(3 times)") for note in said)
    mask = cv2.imread(str(output / "masks_src" / "a.png"), cv2.IMREAD_UNCHANGED)
    assert mask[0, 0] == 255
    assert (mask[8:, :8] == 0).all()
    assert (mask[:, -8:] == 1).all()
