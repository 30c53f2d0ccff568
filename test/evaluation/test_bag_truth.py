"""Scores by hand: which labels agree with the truth, and how durations are summed up."""

import json
import math

import numpy as np
import pytest

from seg_perception.core.durations import Durations
from seg_perception.core.errors import BagError, CloudError
from seg_perception.core.json_document import dump_json
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import LabelMap, PointCloud
from seg_perception.evaluation.bag_truth import TruthTopic, score_bag
from seg_perception.evaluation.confusion import count_pairs
from seg_perception.evaluation.metrics import TruthScore
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.images import encode_labels
from seg_perception.io.messages import PointCloud2
from seg_perception.io.pointcloud2 import encode_cloud
from seg_perception.replay import replay


def ontology(*names: str) -> Ontology:
    classes = [{"id": n, "name": name, "color": "#000000"} for n, name in enumerate(names)]
    return Ontology.parse({"name": "test", "classes": classes}, "test")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pairs_are_counted_by_row_truth_and_column_prediction(dtype):
    truth = np.array([[0, 0, 1], [1, 2, 2]], dtype)
    predicted = np.array([[0, 1, 1], [1, 2, 0]], dtype)
    assert count_pairs(truth, predicted, 3).tolist() == [[1, 1, 0], [0, 2, 0], [1, 0, 1]]


def test_both_ways_of_counting_agree():
    rng = np.random.default_rng(5)
    truth, predicted = rng.integers(0, 256, (2, 300, 40)).astype(np.uint8)
    wide = count_pairs(truth.astype(np.uint16), predicted.astype(np.uint16), 256)
    assert (count_pairs(truth, predicted) == wide).all()


def test_more_pixels_than_float32_can_count():
    truth = np.zeros((1 << 24) + 3, np.uint8)
    assert count_pairs(truth, truth)[0, 0] == (1 << 24) + 3


def test_counts_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"expected shape \(2,\)"):
        count_pairs(np.zeros(2, np.uint8), np.zeros(3, np.uint8))


def test_scores_by_hand():
    # truth tree tree tree road road; predicted tree tree (none) road tree
    score = TruthScore(ontology("tree", "road"), ontology("road", "tree"))
    score.add(np.array([0, 0, 0, 1, 1], np.uint8), np.array([1, 1, 255, 0, 1], np.uint8))
    scores = score.scores()
    assert scores.count == 5
    assert scores.labelled == 4 / 5
    assert scores.accuracy == 3 / 4
    assert scores.iou == {"tree": 2 / 4, "road": 1 / 2}
    assert scores.mean_iou == 0.5


def test_a_class_that_the_truth_lacks_is_wrong_and_unknown_truth_does_not_count():
    score = TruthScore(ontology("tree", "road"), ontology("tree", "dragon"))
    score.add(np.array([0, 0, 255], np.uint8), np.array([1, 0, 0], np.uint8))
    scores = score.scores()
    assert (scores.count, scores.accuracy) == (2, 0.5)
    assert scores.iou == {"tree": 0.5}


def test_a_labelled_bag_is_scored_by_stamp(world):
    # The truth calls the right half red, too: half of the pixels, one of two labelled points.
    labelled = world.folder / "out.mcap"
    events = world.events()
    for n in (4, 0, 1, 2, 3):
        at = world.start_ns + n * 100 * world.ms
        labels = np.full((48, 64), world.red, np.uint8)
        image = encode_labels(LabelMap("front", labels, labels, at, "camera_optical"))
        events.append((at + 2 * world.ms, "/truth", image))
    replay(world.bag(events), labelled, world.config())
    pair = TruthTopic("/camera/front/semantic/label_image", "/truth")
    colours = ontology("red", "green", "blue")
    scores = score_bag(labelled, world.folder / "in.mcap", [pair], colours, colours)[pair.topic]
    assert scores.count == 5 * 48 * 64
    assert (scores.labelled, scores.accuracy) == (1.0, 0.5)


def semantic_points(count: int, name: str) -> PointCloud2:
    fields = [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), (name, "<u4")]
    return encode_cloud(PointCloud(np.zeros((1, count), fields), 5, "lidar"))


@pytest.mark.parametrize(
    ("ours", "truth", "sentence"),
    [
        (semantic_points(2, "ring"), semantic_points(2, "label"), "/ours.* label.* got .*'ring'"),
        (semantic_points(2, "label"), semantic_points(2, "ring"), "/true.* label.* got .*'ring'"),
        (semantic_points(1, "label"), semantic_points(2, "label"), "2 points.* got 1"),
    ],
    ids=["no labels", "no truth", "other points"],
)
def test_clouds_that_can_not_be_compared_are_refused(tmp_path, ours, truth, sentence):
    bag = tmp_path / "both.mcap"
    with BagWriter(bag) as writer:
        writer.write("/ours", ours, 5)
        writer.write("/true", truth, 5)
    one = ontology("tree")
    with pytest.raises(CloudError, match=sentence):
        score_bag(bag, bag, [TruthTopic("/ours", "/true")], one, one)


def test_a_topic_that_a_bag_lacks_is_refused(tmp_path):
    bag = tmp_path / "one.mcap"
    with BagWriter(bag) as writer:
        writer.write("/ours", semantic_points(1, "label"), 5)
    one = ontology("tree")
    with pytest.raises(BagError, match=r"'/ours'.*got .*'/true'"):
        score_bag(bag, bag, [TruthTopic("/ours", "/true")], one, one)


def test_percentiles_are_within_a_percent():
    durations = Durations()
    for n in range(1, 1001):
        durations.add(n * 1e-3)
    figures = durations.percentiles()
    assert figures.count == 1000
    for got, expected in ((figures.p50_s, 0.5), (figures.p95_s, 0.95), (figures.p99_s, 0.99)):
        assert got == pytest.approx(expected, rel=0.011)
    assert figures.max_s == 1.0


def test_percentiles_of_nothing_are_nan():
    assert math.isnan(Durations().percentiles().p50_s)


def test_json_has_no_nan():
    assert json.loads(dump_json({"a": [math.nan, 1.5], "b": {"c": math.inf}})) == {
        "a": [None, 1.5],
        "b": {"c": None},
    }


def test_extreme_durations_are_kept():
    durations = Durations()
    durations.add(0.0)
    durations.add(1e9)
    assert durations.percentiles().max_s == 1e9
