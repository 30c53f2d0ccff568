"""Data sets scored: labelled by the model or by somebody else, checked before the work."""

import json

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.datasets.semantic_kitti import write_labels
from seg_perception.evaluation.results import Results

STAMP = 1658494234334310308
GOOSE_2026_CLASSES = 56


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.asarray(pixels, np.uint8))


def invoke(*arguments):
    done = CliRunner().invoke(app, ["evaluate", *map(str, arguments), "--json"])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


@pytest.fixture
def goose(tmp_path):
    """Two summer drives of two images and one winter drive of one; soil above grass."""
    truth = np.full((40, 60), 50)
    truth[:20] = 31
    for drive, count in (("2022-07-22_a", 2), ("2022-08-01_b", 2), ("2024-01-10_c", 1)):
        for n in range(count):
            stem = f"{drive}/{drive}__{n:04d}_{STAMP + n * 10**9}"
            save(tmp_path / f"goose/images/val/{stem}_windshield_vis.png", np.zeros((40, 60, 3)))
            save(tmp_path / f"goose/labels/val/{stem}_labelids.png", truth)
    return tmp_path / "goose"


@pytest.fixture
def predictions(goose, tmp_path):
    """Half of the soil is gravel."""
    for path in goose.glob("labels/val/*/*_labelids.png"):
        labels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        labels[:10] = 24
        save(tmp_path / "predictions" / path.parent.name / path.name, labels)
    return tmp_path / "predictions"


def test_labels_of_somebody_else_by_the_protocol_of_goose(goose, predictions, tmp_path):
    done = invoke(goose, "--predictions", predictions, "-o", tmp_path / "run")
    assert done.exit_code == 0, done.stderr
    results = Results.read(tmp_path / "run")
    assert results.protocol.name == "goose_2026"
    (images,) = results.streams
    fine, coarse = images.class_mappings
    assert len(fine.classes) == GOOSE_2026_CLASSES
    # soil 1/2, gravel 0, low_grass 1; terrain and vegetation are right.
    assert fine.metrics[0].value == 50
    assert coarse.metrics[0].value == 100
    assert {metric.key: metric.value for metric in images.metrics}["composite"] == 75
    assert "military_vehicle" in fine.excluded
    seasons = {s.value: s.metrics[0].n for s in images.slices if s.dimension == "season"}
    assert seasons == {"summer": 4 * 2400, "winter": 2400}
    assert [unit.name for unit in images.units] == ["2022-07-22_a", "2022-08-01_b", "2024-01-10_c"]
    assert (fine.metrics[0].low, fine.metrics[0].high) == (50, 50)
    assert images.pairing.paired == 5


def test_predictions_of_another_size_are_enlarged_as_the_data_set_does_it(
    goose, predictions, tmp_path
):
    for path in predictions.glob("*/*.png"):
        small = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        save(path, small[::2, ::2])
    done = invoke(goose, "--predictions", predictions, "-o", tmp_path / "run")
    assert done.exit_code == 0, done.stderr
    assert Results.read(tmp_path / "run").streams[0].class_mappings[0].metrics[0].value == 50


def test_the_data_set_of_a_folder_through_the_model(tmp_path, world):
    """The left half is red; the truth calls all of it red."""
    for n in range(3):
        image = np.zeros((48, 64, 3))
        image[:, :32, 2], image[:, 32:, 1] = 200, 200
        save(tmp_path / f"data/images/{n}.png", image)
        save(tmp_path / f"data/masks_src/{n}.png", np.zeros((48, 64)))
    setting = f"segmentation.bundle={world.bundle}"
    arguments = [tmp_path / "data", "-o", tmp_path / "run", "--set", setting]
    done = invoke(*arguments)
    assert done.exit_code == 0, done.stderr
    results = Results.read(tmp_path / "run")
    (images,) = results.streams
    assert {m.key: m.value for m in images.class_mappings[0].metrics}["accuracy"] == 50
    assert images.calibration is not None
    assert results.timing.streams[0].published == 3
    assert all("image" in frame.files for frame in images.frames)
    assert results.model.sha256


def test_several_processes_score_a_data_set_to_the_last_digit(
    goose, predictions, tmp_path, monkeypatch
):
    from seg_perception.evaluation import plan_files

    monkeypatch.setattr(plan_files, "_FRAMES", 2)
    for name, more in (("one", ()), ("two", ("-j", "2"))):
        command = (goose, "--predictions", predictions, "-o", tmp_path / name, *more)
        assert invoke(*command).exit_code == 0
    documents = []
    for name in ("one", "two"):
        document = json.loads((tmp_path / name / "results.json").read_text())
        for key in ("timing", "created", "seconds", "name", "command"):
            del document[key]
        documents.append((document, (tmp_path / name / "frames.jsonl").read_bytes()))
    assert documents[0] == documents[1]
    assert len(json.loads((tmp_path / "one" / "job.json").read_text())["shards"]) == 3


def test_scans_against_labels_of_somebody_else(tmp_path):
    root, labels = tmp_path / "kitti", tmp_path / "predictions"
    points = np.array([[5, 0, 0, 1], [15, 0, 0, 1], [25, 0, 0, 1]], "<f4")
    for folder in (root / "sequences/08/velodyne", root / "sequences/08/labels", labels / "08"):
        folder.mkdir(parents=True)
    points.tofile(root / "sequences/08/velodyne/000000.bin")
    write_labels(root / "sequences/08/labels/000000.label", np.array([3, 4, 4], np.uint16))
    write_labels(labels / "08/000000.label", np.array([3, 4, 3], np.uint16))
    options = ["--protocol", "rellis", "--class-mapping", "fine"]
    done = invoke(root, "--predictions", labels, "-o", tmp_path / "run", *options)
    assert done.exit_code == 0, done.stderr
    (scans,) = Results.read(tmp_path / "run").streams
    # grass 1/2, tree 1/2; the far point is wrong.
    assert scans.class_mappings[0].metrics[0].value == 50
    near = {s.value: s.metrics[1].value for s in scans.slices if s.dimension == "range"}
    assert near == {"0-10 m": 100, "10-20 m": 100, "20-30 m": 0}


def test_what_does_not_fit_is_said_before_the_work(goose, predictions, tmp_path):
    run = tmp_path / "run"
    path = next(predictions.glob("*/*.png"))
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    save(path, np.full((40, 60), 64))
    done = invoke(goose, "--predictions", predictions, "-o", run)
    assert done.exit_code == 2
    assert "ids [64] are not in ontology goose" in done.stderr
    path.unlink()
    done = invoke(goose, "--predictions", predictions, "-o", run)
    assert (done.exit_code, "no labels of" in done.stderr) == (2, True)
    save(path, pixels)
    truth = next(goose.glob("labels/val/*/*_labelids.png"))
    save(truth, np.full((20, 60), 31))
    done = invoke(goose, "--predictions", predictions, "-o", run)
    assert done.exit_code == 2
    assert "expected the image's size 60x40, got 60x20" in done.stderr
    assert truth.name in done.stderr
    # The shipped model does not know GOOSE's fine classes.
    done = invoke(goose, "-o", run)
    assert done.exit_code == 2
    assert "does not fit the truth's goose in class mapping fine" in done.stderr
    assert not run.exists()


def test_conditions_of_a_user_become_slices(goose, predictions, tmp_path):
    conditions = tmp_path / "conditions.yaml"
    conditions.write_text("2022-07-22_a: {light: dusk}\n")
    command = [goose, "--predictions", predictions, "-o", tmp_path / "run"]
    done = invoke(*command, "--conditions", conditions)
    assert done.exit_code == 0, done.stderr
    (images,) = Results.read(tmp_path / "run").streams
    assert {s.value for s in images.slices if s.dimension == "light"} == {"dusk"}
    conditions.write_text("nowhere: {light: dusk}\n")
    done = invoke(*command[:-1], tmp_path / "other", "--conditions", conditions)
    assert (done.exit_code, "no such sequence" in done.stderr) == (2, True)
