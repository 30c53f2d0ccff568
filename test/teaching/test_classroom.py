"""A teaching from the first question to the bundle."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from contextlib import closing

import numpy as np
import pytest

from seg_perception.core.errors import TeachingError
from seg_perception.datasets.folder import MASKS
from seg_perception.fitting.engines import reference_engine
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.bundle_writer import derive_bundle
from seg_perception.inference.manifest import ClassConfidence, ConfidenceCalibration
from seg_perception.inference.self_test import Thresholds, self_test
from seg_perception.teaching import classroom
from seg_perception.teaching.classroom import COMPARISON, Classroom
from seg_perception.teaching.clicks import Click, NewClass
from seg_perception.teaching.headless import teach_headless
from seg_perception.teaching.points import Question
from seg_perception.teaching.session import CLICKS, Session, open_session

pytest.importorskip("torch")
pytest.importorskip("onnx")
# Each training starts a process that imports torch.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def room(begun):
    with open_session(begun) as session:
        yield Classroom(session)


@pytest.fixture(scope="module")
def taught_once(tmp_path_factory, small_bundle, place_folder, helpers):
    """A teaching after its first round of 24 clicks."""
    folder = tmp_path_factory.mktemp("taught") / "teaching"
    helpers.begin(folder, small_bundle, place_folder)
    with open_session(folder) as session:
        taught(Classroom(session), helpers)
    return folder


@pytest.fixture
def taught_room(taught_once, tmp_path):
    """The same for one test alone."""
    shutil.copytree(taught_once, tmp_path / "teaching")
    with open_session(tmp_path / "teaching") as session:
        yield Classroom(session)


def taught(room, helpers, clicks=24) -> int:
    helpers.annotator(room).answer("teach", clicks)
    number = room.train()
    room.rounds.wait()
    assert room.rounds.status(number).state == "done", room.rounds.status(number)
    return number


def test_frames_are_split_before_anything_is_learnt(room):
    parts = [len(room.session.of_part(part)) for part in ("teach", "gate")]
    assert sum(parts) == 16
    assert min(parts) >= 2


def test_every_frame_is_asked_once_before_one_is_asked_twice(room, helpers):
    count = len(room.session.of_part("teach"))
    helpers.annotator(room).answer("teach", count)
    frames = [click.frame for click in room.session.record.clicks]
    assert sorted(frames) == sorted({frame.name for frame in room.session.of_part("teach")})
    helpers.annotator(room).answer("teach", 1)
    assert len(room.session.record.clicks) == count + 1


def test_two_annotators_are_asked_other_points(room):
    one, other = room.question("teach", "ann"), room.question("teach", "ben")
    assert one != other
    assert room.question("teach", "ann") == one, "until it is answered"


def test_a_teaching_gives_a_better_model_with_its_lineage(
    taught_room, helpers, tmp_path, small_bundle
):
    number = 1
    verdict = helpers.annotator(taught_room).prove(number)
    assert verdict.decision == "better", str(verdict)
    released = taught_room.release(number, tmp_path / "out")
    before, after = Bundle.load(small_bundle), Bundle.load(released.bundle)
    details = after.manifest.training.details
    clicks = [c for c in taught_room.session.record.clicks if c.part == "teach"]
    assert details["clicks"] == len(clicks)
    assert details["parent"] == "small 1"
    sha = hashlib.sha256(before.model_path.read_bytes()).hexdigest()
    assert details["parent_model_sha256"] == sha
    assert details["gate"] == str(verdict)
    assert after.manifest.name == "small_taught"
    compared = json.loads((tmp_path / "out" / COMPARISON).read_text())
    assert sum(entry["after"] for entry in compared["classes"]) == pytest.approx(1)
    told = [sum(entry[key] for entry in compared["classes"]) for key in ("new_right", "old_right")]
    assert told[0] > told[1]
    assert len(list((released.masks / MASKS).glob("*.png"))) == released.frames > 0


def test_the_taught_graph_is_the_one_before_with_other_numbers(taught_room, helpers):
    onnx = pytest.importorskip("onnx")
    number = 1
    before, after = (onnx.load_from_string(taught_room.models.model(n)) for n in (0, number))
    assert before.graph.node == after.graph.node
    shapes = [[(t.name, t.dims) for t in model.graph.initializer] for model in (before, after)]
    assert shapes[0] == shapes[1]


def test_a_harmful_teaching_does_not_go_out(room, helpers, tmp_path):
    """All clicks say sky, the proofs are true; what is worse or no better stays."""
    helpers.annotator(room, told="sky").answer("teach", 30)
    number = room.train()
    room.rounds.wait()
    verdict = helpers.annotator(room).prove(number)
    if not verdict.passed:
        with pytest.raises(TeachingError, match="can't go out"):
            room.release(number, tmp_path / "out")
        assert not (tmp_path / "out").exists()
    facts = room.rounds.status(number).facts
    assert "one class alone teaches little" in facts["notes"][0]


def test_before_anything_is_proven_nothing_goes_out(taught_room, helpers, tmp_path):
    number = 1
    assert taught_room.verdict(number).decision == "ask more"
    with pytest.raises(TeachingError, match="Not decided yet: answer 12 more points"):
        taught_room.release(number, tmp_path / "out")


def finished_with(room, model: bytes) -> int:
    """A round that gave this model."""
    place = room.session.round_folder(1)
    place.mkdir(parents=True)
    (place / "model.onnx").write_bytes(model)
    facts = {"model_sha256": hashlib.sha256(model).hexdigest(), "clicks": 1, "notes": []}
    (place / "done.json").write_text(json.dumps(facts))
    return 1


def test_a_model_that_says_what_the_one_before_said_asks_nothing(room, small_bundle, tmp_path):
    number = finished_with(room, Bundle.load(small_bundle).model_path.read_bytes())
    assert room.verdict(number).decision == "no difference"
    assert room.question("gate", "ann") is None
    with pytest.raises(TeachingError, match="says what the one before says"):
        room.release(number, tmp_path / "out")


def test_where_nobody_knows_what_is_there_the_gate_says_no(taught_room, monkeypatch):
    """Points are skipped until none is left: it asks for none that there is not."""
    room, number = taught_room, 1
    monkeypatch.setattr(classroom, "_SPARE", 1)
    asked = 0
    while (question := room.question("gate", "ann")) is not None:
        room.answer(question, "", "ann")
        asked += 1
    assert asked >= room.session.settings.config.gate_points
    verdict = room.verdict(number)
    assert (verdict.decision, verdict.asked, verdict.more) == ("not proven", 0, 0)


def test_clicks_on_errors_never_prove(taught_room, helpers):
    number = 1
    gate = taught_room.session.of_part("gate")[0]
    with pytest.raises(TeachingError, match="kept aside to prove the model on"):
        taught_room.point_out(gate.name, 3, 3, "sky", "ann")
    chosen = Question(gate.name, 3, 3, "gate", taught_room.question("gate", "ann").draw)
    with pytest.raises(TeachingError, match="this point was not asked"):
        taught_room.answer(chosen, "sky", "ann")
    assert taught_room.verdict(number).asked == 0


def test_proofs_of_another_model_do_not_count(taught_room, helpers):
    first = 1
    helpers.annotator(taught_room).answer("gate", 8)
    asked = taught_room.verdict(first).asked
    assert asked >= 6
    second = taught(taught_room, helpers, 12)
    random = [c for c in taught_room.session.record.clicks if c.draw == "random"]
    assert taught_room.verdict(second).asked <= len(random)


def test_clicks_come_back_after_a_killed_process_and_the_model_too(taught_room, helpers):
    number = 1
    clicks = taught_room.session.record.clicks
    again = Classroom(Session(taught_room.session.folder))
    assert again.session.record.clicks == clicks
    assert again.rounds.finished() == [number]
    name = again.session.of_part("gate")[0].name
    assert (again.labels(str(number), name)[0] == taught_room.labels(str(number), name)[0]).all()


def test_a_killed_trainer_is_said_and_costs_no_click(room, helpers):
    helpers.annotator(room).answer("teach", 6)
    number = room.train()
    room.rounds._process.kill()
    room.rounds.wait()
    status = room.rounds.status(number)
    assert status.state == "failed"
    assert "no click is lost: train again" in status.reason
    assert len(room.session.record.clicks) == 6
    assert taught(room, helpers, 1) == number + 1


def test_a_training_ends_with_the_process_that_wanted_it(room, helpers):
    """Nobody would take its model, and the next round would find its folder changing."""
    helpers.annotator(room).answer("teach", 6)
    number = room.rounds.count + 1
    request = room.session.round_folder(number) / "request.json"
    request.parent.mkdir(parents=True)
    request.write_text(json.dumps({"clicks": room.session.record.length}))
    module = "seg_perception.teaching.learning.worker"
    # A parent that is another one every time it is asked for.
    watched = (
        "import os,runpy,sys,time\nos.getppid = lambda n=[0]: n.__setitem__(0, n[0]+1) or n[0]"
    )
    code = f"{watched}\nsys.argv[1:] = [{str(room.session.folder)!r}, '{number}']\n"
    code += f"runpy.run_module({module!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "whoever wanted this round is gone" in done.stderr
    assert not (request.parent / "model.onnx").exists()


def test_two_trainings_at_once_are_refused(room, helpers):
    helpers.annotator(room).answer("teach", 6)
    room.train()
    with pytest.raises(TeachingError, match="a training is at work"):
        room.train()
    room.rounds.stop()


def test_two_servers_on_one_record_are_refused(room, begun):
    with pytest.raises(TeachingError, match="another process works in it"), open_session(begun):
        pass


@pytest.mark.parametrize(
    ("x", "y", "label", "says"),
    [
        (200, 3, "sky", r"click at 200, 3: expected a pixel of .* \(128x96\)"),
        (3, -1, "sky", "expected a pixel of"),
        (3, 3, "lava", r"class 'lava': expected one of \['earth', 'grass', 'sky'\]"),
        (3, 3, "", "expected a class, choose one first"),
    ],
)
def test_bad_clicks_are_a_sentence_and_nothing_is_stored(room, x, y, label, says):
    name = room.session.of_part("teach")[0].name
    with pytest.raises(TeachingError, match=says):
        room.point_out(name, x, y, label, "ann")
    assert room.session.record.length == 0


def test_nothing_to_train_on_is_said(room):
    with pytest.raises(TeachingError, match="answer some questions first"):
        room.train()


def test_a_stroke_is_one_click_for_each_piece(room):
    name = room.session.of_part("teach")[0].name
    path = [(x, 60) for x in range(4, 124)]
    taken = room.brush(name, path, "grass", "ann")
    assert 1 < len(taken) < 60
    assert len({(click.x, click.y) for click in taken}) == len(taken)
    assert all(click.kind == "free" for click in taken)


def test_the_preview_says_what_was_clicked(taught_room, helpers):
    name = taught_room.session.of_part("gate")[0].name
    taught_room.labels("preview", name)
    taught_room.preview.wait()
    labels, _ = taught_room.labels("preview", name)
    truth = np.repeat([2, 1, 0], 16)[:, None]
    before, _ = taught_room.labels("before", name)
    assert (labels == truth).mean() > (before == truth).mean() + 0.2


def test_a_class_that_the_ontology_lacks_is_taught(room, helpers, tmp_path):
    room.add_class(NewClass("meadow", "#00ffcc", "grass"), "ann")
    assert room.session.ontology.ids["meadow"] == 3
    for _ in range(30):
        question = room.question("teach", "ann")
        truth = helpers.band_of(question.y, 96)
        room.answer(question, "meadow" if truth == "grass" else truth, "ann")
    number = room.train()
    room.rounds.wait()
    assert room.rounds.status(number).state == "done", room.rounds.status(number)
    labels, _ = room.labels(str(number), room.session.of_part("gate")[0].name)
    assert (labels[18:30] == 3).mean() > 0.5
    groups = room.models.manifest(number).ontology.groupings["traversability"]
    assert groups[0].classes == ("earth", "grass", "meadow")


def test_a_calibrated_model_is_taught_a_new_class_and_handed_out(
    tmp_path, small_bundle, place_folder, helpers
):
    """The calibration is of the model before, and of its classes alone."""
    classes = tuple(ClassConfidence(slope=2.0, offset=-1.0) for _ in helpers.names)
    told = ConfidenceCalibration(classes=classes, pictures=1, ece=(5, 1), aurc=(3, 2))
    calibrated = tmp_path / "calibrated"
    derive_bundle(calibrated, Bundle.load(small_bundle), {}, {"confidence": told})
    with open_session(helpers.begin(tmp_path / "lesson", calibrated, place_folder)) as session:
        room = Classroom(session)
        room.add_class(NewClass("meadow", "#00ffcc", "grass"), "ann")
        number = taught(room, helpers)
        verdict = helpers.annotator(room).prove(number)
        assert verdict.decision == "better", str(verdict)
        released = room.release(number, tmp_path / "out")
    assert any("calibrate-confidence" in note for note in released.notes)
    bundle = Bundle.load(released.bundle)
    assert bundle.manifest.confidence is None
    assert bundle.manifest.class_count == 4
    with closing(reference_engine(bundle)) as engine:
        found = self_test(engine, Thresholds())
    assert found.passed, found.detail


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (NewClass("sky", "#00ffcc", "grass"), "a name that no class has yet"),
        (NewClass("mud", "#00ffcc", "lava"), "the class that it is like most"),
    ],
)
def test_bad_new_classes_are_a_sentence(room, entry, says):
    with pytest.raises(TeachingError, match=says):
        room.add_class(entry, "ann")
    assert room.session.record.length == 0


def test_the_same_clicks_give_the_same_weights_without_the_page(
    taught_room, helpers, tmp_path, small_bundle, place_folder
):
    number = 1
    verdict = helpers.annotator(taught_room).prove(number)
    other = helpers.begin(tmp_path / "fleet", small_bundle, place_folder)
    with open_session(other) as session:
        result = teach_headless(session, taught_room.session.folder / CLICKS)
    assert result.verdict == verdict
    assert result.released is not None
    facts = [
        taught_room.rounds.status(number).facts,
        json.loads((other / "rounds/001/done.json").read_text()),
    ]
    assert facts[0]["model_sha256"] == facts[1]["model_sha256"]
    assert facts[0]["clicks_sha256"] == facts[1]["clicks_sha256"]


def test_clicks_of_another_place_are_said(room, tmp_path):
    record = tmp_path / "clicks.jsonl"
    click = Click("elsewhere", 0, 3, 3, "sky", "ann", "free", "teach")
    record.write_text(json.dumps({"click": click.__dict__}) + "\n")
    with pytest.raises(TeachingError, match="none of its 1 clicks is on a frame of"):
        teach_headless(room.session, record)


def test_without_kept_aside_frames_the_gate_says_no(tmp_path, small_bundle, place_folder, helpers):
    folder = helpers.begin(tmp_path / "few", small_bundle, place_folder, gate_share=0.0)
    with open_session(folder) as session:
        room = Classroom(session)
        number = taught(room, helpers, 6)
        assert room.verdict(number).decision == "no points"
        with pytest.raises(TeachingError, match="nothing kept aside"):
            room.release(number, tmp_path / "out")


def test_another_model_under_the_same_name_is_refused(begun, small_bundle, tmp_path):
    settings = json.loads((begun / "session.json").read_text())
    settings["model_sha256"] = "0" * 64
    (begun / "session.json").write_text(json.dumps(settings))
    with pytest.raises(TeachingError, match="was begun with another model"):
        Session(begun)
