"""Which frames keep their pictures."""

import numpy as np
import pytest
from scored_runs import image_sample

from seg_perception.evaluation.frame_samples import FrameSamples, choose
from seg_perception.evaluation.frame_score import FrameScore
from seg_perception.evaluation.samples import FrameId, ImageSample


def frame(number, miou):
    name = f"{number:03}"
    return FrameScore(
        stream="images", sequence="one", name=name, stamp_ns=0, n=1, accuracy=miou, miou=miou
    )


def sample(number):
    labels = np.zeros((4, 6), np.uint8)
    where = FrameId("one", "one", f"{number:03}", 0)
    return ImageSample(where, labels, labels, None, lambda: None)


@pytest.fixture
def kept(tmp_path):
    """Which frames of a hundred keep pictures, by their scores and the order they come in."""

    def run(name, scores, order):
        samples = FrameSamples(tmp_path / name, 3)
        for number in order:
            samples.offer(frame(number, scores[number]), sample(number))
        return samples, choose(samples.write(), 3, 50.0)

    return run


def test_two_runs_keep_pictures_of_the_same_frames_by_lot(kept):
    rng = np.random.default_rng(3)
    runs = [kept(name, rng.uniform(10, 90, 100), range(100))[1] for name in ("one", "two")]
    names = [{entry.name for entry in run if entry.role != "worst"} for run in runs]
    assert [len(found) for found in names] == [16, 16]
    # A worst frame of one run may be one of the lot in the other.
    assert len(names[0] & names[1]) >= 13


def test_the_worst_and_the_most_typical_have_their_roles(kept):
    scores = np.linspace(10, 90, 100)
    _, chosen = kept("one", scores, range(100))
    roles = {role: [e.name for e in chosen if e.role == role] for role in ("worst", "typical", "")}
    assert roles["worst"] == ["000", "001", "002"]
    distance = [abs(scores[int(name)] - 50) for name in (*roles["typical"], *roles[""])]
    assert distance == sorted(distance)
    assert len(roles["typical"]) == 3


def test_the_order_does_not_matter_and_the_rest_is_removed(kept):
    scores = np.random.default_rng(1).uniform(0, 99, 60)
    first, chosen = kept("one", scores, range(60))
    _, again = kept("two", scores, reversed(range(60)))
    assert [e.model_dump() for e in chosen] == [e.model_dump() for e in again]
    files = {path.name for path in (first._folder / "pictures").iterdir()}
    kept_files = {file.partition("/")[2] for e in first.write() for file in e.files.values()}
    assert files == kept_files


def test_the_worst_frames_keep_their_pictures_and_the_others_lose_them(tmp_path):
    samples = FrameSamples(tmp_path, 2)
    scores = np.random.default_rng(0).permutation(60)
    for n, score in enumerate(scores.tolist()):
        samples.offer(frame(n, float(score)), image_sample(n))
    kept = choose(samples.write(), 2, 30.0)
    assert [f.miou for f in kept if f.role == "worst"] == [0, 1]
    assert len([f for f in kept if f.role == "typical"]) == 2
    files = {file for f in samples.write() for file in f.files.values()}
    assert {f"pictures/{path.name}" for path in (tmp_path / "pictures").iterdir()} == files
    assert len(files) <= 2 * (2 + 16 + 2)


def test_nothing_is_written_before_the_choice_is_made(tmp_path):
    samples = FrameSamples(tmp_path, 2)
    for n in range(30):
        samples.offer(frame(n, float(n)), image_sample(n))
    assert not list(tmp_path.iterdir())
    assert {f.name for f in samples.write()} >= {"000", "001"}


def test_shards_choose_the_frames_that_one_process_chooses(tmp_path):
    scores = np.random.default_rng(1).integers(0, 100, 90).tolist()
    whole = FrameSamples(tmp_path / "whole", 3)
    parts = [FrameSamples(tmp_path / f"part{n}", 3) for n in range(3)]
    for n, score in enumerate(scores):
        whole.offer(frame(n, float(score)), image_sample(0))
        parts[n % 3].offer(frame(n, float(score)), image_sample(0))
    together = [f for part in parts for f in part.write()]
    names = [[(f.name, f.role) for f in choose(fs, 3, 50.0)] for fs in (whole.write(), together)]
    assert names[0] == names[1]
