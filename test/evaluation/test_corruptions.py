"""Pictures of a data set spoilt on purpose: scores and confidence of each strength, by hand."""

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.evaluation.compare import compare
from seg_perception.evaluation.report.corruptions import corruption_tables
from seg_perception.evaluation.results import Results

from .conftest import values

WIDTH, HEIGHT = 64, 48


@pytest.fixture
def photos(tmp_path):
    """Two photos: red 200 beside green 100 on the left, red 100 beside green 200 on the right."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[:, :32] = (200, 100, 0)
    pixels[:, 32:] = (100, 200, 0)
    truth = np.zeros((HEIGHT, WIDTH), np.uint8)
    truth[:, 32:] = 1
    for name in ("a", "b"):
        for folder, content in (("images", pixels[..., ::-1]), ("masks", truth)):
            (tmp_path / "photos" / folder).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(tmp_path / "photos" / folder / f"{name}.png"), content)
    return tmp_path / "photos"


@pytest.fixture
def score(photos, colour_model, tmp_path):
    plain = colour_model.write(tmp_path / "bundles", WIDTH, HEIGHT)

    def invoke(*options, folder="run", page="--no-report", data=photos, bundle=plain):
        out = tmp_path / folder
        command = ["evaluate", str(data), "-o", str(out), "--same-ids", page, *options]
        command += ["--set", f"segmentation.bundle={bundle}"]
        return CliRunner().invoke(app, command), out

    return invoke


def slices_of(run):
    (stream,) = Results.read(run).streams
    return {int(s.value): s for s in stream.slices if s.dimension == "corruption glare"}


def test_each_strength_is_scored_by_hand(score):
    done, run = score("--corruptions", "glare")
    assert done.exit_code == 0, done.stderr
    found = slices_of(run)
    assert list(found) == [0, 1, 2, 3, 4, 5]
    # Light times 1.4, 1.8, 2.4, 3.2 and 4.5; from 3.2 on red and green are white alike, and the
    # first of them, red, is named: half of the picture is right.
    shares = [values(found[n].metrics) for n in range(6)]
    assert [s["miou"] for s in shares] == [100, 100, 100, 100, 25, 25]
    assert [found[n].iou["green"] for n in (0, 3, 4)] == [100, 100, 0]
    assert [found[n].iou["red"] for n in (0, 3, 4)] == [100, 100, 50]
    surety = [200, 255, 255, 255, 255, 255]
    assert [s["confidence"] for s in shares] == pytest.approx([100 * s / 255 for s in surety])
    assert shares[4]["overconfidence"] == pytest.approx(50)
    assert found[4].metrics[0].n == 2 * WIDTH * HEIGHT


def test_the_scores_of_the_pictures_as_they_are_stay(score):
    results = [
        Results.read(score(*options, folder=name)[1])
        for name, options in (("plain", ()), ("spoilt", ("--corruptions", "glare,jpeg")))
    ]
    plain, spoilt = (r.streams[0] for r in results)
    assert plain.class_mappings == spoilt.class_mappings
    assert plain.calibration == spoilt.calibration
    assert len(spoilt.slices) == len(plain.slices) + 2 * 6
    assert results[1].source.frames == 2


def test_the_page_has_a_row_a_class_with_its_curve(score):
    done, run = score("--corruptions", "glare", page="--report")
    assert done.exit_code == 0, done.stderr
    (table,) = corruption_tables(Results.read(run).streams[0].slices)
    assert (table.name, table.amounts) == (
        "glare",
        ("untouched", "1.4", "1.8", "2.4", "3.2", "4.5"),
    )
    rows = {row.name: row.values for row in table.rows}
    assert rows["green"] == (100, 100, 100, 100, 0, 0)
    assert "blue" not in rows
    text = (run / "report.html").read_text()
    assert "Spoilt pictures" in text
    assert "glare: times the light" in text


def test_runs_are_compared_strength_by_strength(score):
    first, second = (
        Results.read(score("--corruptions", "glare", folder=name)[1]) for name in ("old", "new")
    )
    stream = second.streams[0]
    worse = tuple(
        s.model_copy(update={"metrics": tuple(
            m.model_copy(update={"value": m.value - 10}) for m in s.metrics)})
        if (s.dimension, s.value) == ("corruption glare", "2") else s
        for s in stream.slices
    )  # fmt: skip
    changed = second.model_copy(update={"streams": (stream.model_copy(update={"slices": worse}),)})
    (run,) = compare(first, [changed]).runs
    found = {c.key.partition(".")[2]: c for c in run.changes if " under " in c.key}
    assert len(found) == 2 * 5
    change = found["miou under glare 2"]
    assert (change.before, change.after, change.difference) == (100, 90, -10)
    assert found["miou under glare 4"].difference == 0
    assert found["confidence under glare 4"].before == 100


def test_beside_each_strength_stands_how_many_pictures_the_model_does_not_know(
    photos, colour_model, tmp_path, score
):
    """It knows the photos a little lighter or darker, not 4.5 times as light."""
    known = tmp_path / "known"
    known.mkdir()
    pixels = cv2.imread(str(photos / "images/a.png"))
    for number in range(60):
        dim = np.random.default_rng(number).uniform(0.9, 1.0, pixels.shape)
        cv2.imwrite(str(known / f"{number:02}.png"), (pixels * dim).astype(np.uint8))
    bundle = colour_model.familiar(tmp_path, known, WIDTH, HEIGHT)
    options = ("--corruptions", "glare")
    first, second = (
        Results.read(score(*options, folder=name, bundle=bundle)[1]) for name in ("old", "new")
    )
    shares = [values(s.metrics)["unfamiliar"] for s in slices_of(tmp_path / "old").values()]
    assert (len(shares), shares[-1]) == (6, 100)
    (table,) = corruption_tables(first.streams[0].slices)
    rows = {row.name: row.values for row in table.rows}
    assert rows["pictures unlike what the model knows"] == tuple(shares)
    (run,) = compare(first, [second]).runs
    found = {c.key.partition(".")[2]: c for c in run.changes}
    assert found["unfamiliar under glare 5"].before == 100


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--corruptions", "fog"), "corruption 'fog': expected all or one of motion_blur"),
        (("--corruptions", "all", "--predictions", "."), "--corruptions: expected the folder of a"),
    ],
)
def test_what_can_not_be_spoilt_is_refused(score, options, words):
    done, _ = score(*options)
    assert done.exit_code == 2
    assert words in done.stderr
