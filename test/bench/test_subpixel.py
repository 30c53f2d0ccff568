"""The race of ways to read a point's label: each reads what it says it does."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx", reason="the model's graph is read with the package onnx")
pytest.importorskip("embreex", reason="the simulator needs the package embreex")

from bench.transfer_quality.point_lookups import (
    BestOfFour,
    Features,
    Nearest,
    Places,
    Scores,
    averaged,
    best_few,
)
from bench.transfer_quality.subpixel_rows import (
    NEAREST,
    exact_ways,
    model_ways,
    resized,
    with_bounds,
)
from bench.transfer_quality.subpixel_scan import seen_by_us, view_of
from bench.transfer_quality.tapped_model import TappedModel
from seg_perception.config import SegmentationConfig, TransferConfig
from seg_perception.core.types import Calibration, CameraFrame, LabelMap
from seg_perception.fusion.label_transfer import transfer_labels
from seg_perception.inference.bundle import Bundle

WIDTH, HEIGHT = 64, 36


def places(*uv, size=(4, 2)):
    u, v = np.array(uv, np.float32).T
    return Places(u, v, size)


def label_map(labels):
    height, width = labels.shape
    k = np.array([[width / 2, 0, width / 2], [0, width / 2, height / 2], [0, 0, 1.0]])
    calibration = Calibration(width, height, k)
    certain = np.full(labels.shape, 255, np.uint8)
    return LabelMap("front", labels, certain, 0, "front", calibration)


@pytest.fixture(scope="module")
def model():
    return TappedModel()


@pytest.fixture(scope="module")
def tapped(model):
    golden = Bundle.load(SegmentationConfig().bundle).golden[0]
    frame = CameraFrame("front", golden.image, 0, "front", label_map(golden.labels).calibration)
    return model.label(frame)


def test_places_are_told_in_the_pixels_of_any_map():
    # The middle of a picture of 4x2 pixels is that of any other, and nothing lies outside.
    x, y = places((1.5, 0.5), (0, 0), (3.4, 1.4)).within(8, 4)
    assert x.tolist() == pytest.approx([3.5, 0.5, 7.0])
    assert y.tolist() == pytest.approx([1.5, 0.5, 3.0])


def test_the_nearest_pixel_of_a_finer_map_lies_nearer():
    fine = np.array([[0, 1, 2, 3]], np.uint8)
    where = places((0.2, 0), (0.3, 0), (1.2, 0), (-0.3, 0), size=(2, 1))
    assert Nearest(fine).labels(where).tolist() == [1, 1, 3, 0]
    assert Nearest(fine).sent_bytes == 4


def test_scores_cross_where_they_are_equal():
    # Over four pixels one class falls from 1 to 0 and the other rises from 0 to 3: equal after 1.
    falling, rising = [1, 0.75, 0.5, 0.25, 0], [0, 0.75, 1.5, 2.25, 3]
    ends = np.array([[[falling[0], rising[0]], [falling[-1], rising[-1]]]], np.float32)
    # Of two places of a map of width 2 over a picture of width 8 the centres are at 1.5 and 5.5.
    where = places((1.5, 0), (2.4, 0), (2.6, 0), (5.5, 0), size=(8, 1))
    assert Scores(ends, 16).labels(where).tolist() == [0, 0, 1, 1]


def test_of_the_best_few_what_is_not_told_is_as_low_as_the_last():
    scores = np.array([[[5, 1, 3, 2]]], np.float32)
    told = best_few(scores, 2)
    assert told.scores[0, 0].tolist() == [5, 3, 3, 3]
    assert told.sent_bytes == 6


def test_shares_of_an_averaged_map():
    labels = np.array([[0, 0, 1, 2], [0, 1, 2, 2]], np.uint8)
    shares = averaged(labels, (2, 1), 3)
    assert shares[0].tolist() == [[0.75, 0.25, 0], [0, 0.25, 0.75]]


def test_the_best_of_four_is_right_wherever_a_neighbour_is():
    labels = np.array([[0, 1, 5, 5], [2, 3, 5, 5]], np.uint8)
    where = places((0.4, 0.4), (0.4, 0.4), (0.4, 0.4))
    truth = np.array([3, 2, 5], np.uint8)
    assert BestOfFour(labels, truth).labels(where).tolist() == [3, 2, 0]


def test_a_linear_classifier_says_the_same_of_features_between_places_as_scores_do():
    rng = np.random.default_rng(0)
    features = rng.uniform(0, 1, (6, 9, 5)).astype(np.float32)
    weight, bias = rng.normal(size=(4, 5)).astype(np.float32), np.zeros(4, np.float32)
    where = places(*rng.uniform(0, 35, (300, 2)), size=(36, 36))
    asked = Features(features, weight, bias)
    assert asked.sent_bytes == 2 * 6 * 9 * 5
    same = Scores(features @ weight.T, 0).labels(where)
    assert np.array_equal(asked.labels(where), same)
    # Below zero the ReLU stands between, and the two differ.
    apart = Features(features - 0.5, weight, bias).labels(where)
    assert (apart != Scores(np.maximum(features - 0.5, 0) @ weight.T, 0).labels(where)).any()


def test_scores_at_the_centres_of_pixels_give_the_networks_labels(model, tapped):
    height, width = tapped.label_map.labels.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    where = Places(columns.ravel(), rows.ravel(), (width, height))
    for row in model_ways(tapped, model):
        found = row.lookup.labels(where).reshape(height, width)
        differ = float((found != tapped.label_map.labels).mean())
        # ReLU and interpolation change places for features; half floats draw on a few edges.
        assert differ < (0.02 if "features" in row.name else 2e-3), row.name
    assert (tapped.scores.shape, tapped.features.shape) == ((72, 128, 18), (72, 128, 64))


def test_the_scan_is_labelled_as_by_the_core():
    rng = np.random.default_rng(1)
    # Two walls, one before the other, seen by a lidar 0.3 m above the camera.
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[:, WIDTH // 2 :] = 1
    far = np.stack([rng.uniform(-8, 8, 3000), rng.uniform(-4, 4, 3000), np.full(3000, 9.0)], 1)
    near = np.stack([rng.uniform(-1, 0, 800), rng.uniform(-1, 1, 800), np.full(800, 3.0)], 1)
    xyz = np.vstack([far, near]).astype(np.float32)
    T = np.eye(4)
    T[1, 3] = -0.3
    base = label_map(labels)
    view = view_of(base, T)
    theirs = transfer_labels(xyz, [view], TransferConfig(), 255).labels
    ours = seen_by_us(xyz, view, Nearest(labels), 255).labels.labels
    assert 100 < (theirs == 255).sum() < 2000
    assert np.array_equal(ours, theirs)


def test_rows_of_a_source_stand_together_with_their_bound():
    labels = np.zeros((2 * HEIGHT, 2 * WIDTH), np.uint8)
    small = resized(label_map(labels), label_map(labels[::2, ::2]))
    assert (small.calibration.width, small.labels.shape) == (WIDTH, (HEIGHT, WIDTH))
    ways = exact_ways(label_map(labels), small, 2)
    others = [type(ways[1])("other", NEAREST, Nearest(small.labels), small)]
    found = with_bounds([*ways, *others], np.zeros(5, np.uint8))
    assert [row.source for row in found] == ["exact labels"] * 5 + ["other"] * 2
    assert isinstance(found[4].lookup, BestOfFour)


def test_labels_of_rellis_are_compared_as_elsewhere(shared_data):
    from bench.transfer_quality import real
    from bench.transfer_quality.subpixel_real import rellis

    rows = [line.split("|")[1:-1] for line in rellis(shared_data / "real").splitlines()]
    painted, modelled = rows[2], rows[7]
    assert (painted[1].strip(), modelled[0].strip()) == (
        "nearest pixel of the picture",
        "default model",
    )
    known = real.rellis(shared_data / "real", real.Model())
    for cell, row in ((painted[3], known[0]), (painted[2], known[1]), (modelled[2], known[2])):
        assert float(cell) == pytest.approx(100 * (1 - row.ours[1]), abs=0.006)
