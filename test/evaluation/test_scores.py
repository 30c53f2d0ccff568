"""Scores against the field's own tools, and by hand where those have none."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seg_perception.evaluation.confusion import count_pairs
from seg_perception.evaluation.protocol import Mean
from seg_perception.evaluation.scores import ClassCounts

EXACT = 1e-12
SEEDS = st.integers(0, 2**32 - 1)
OVER = ("union", "truth", "all", "nonzero")


def plain_counts(truth, predicted, classes):
    """Every class counts."""
    folded = np.zeros((classes + 1, classes + 3), np.int64)
    folded[:classes, :classes] = count_pairs(truth, predicted, classes)
    return folded


def random_labels(seed, classes):
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, 400).astype(np.uint8)
    guess = random.integers(0, classes, 400).astype(np.uint8)
    return truth, np.where(random.random(400) < random.random(), truth, guess)


@given(SEEDS, st.integers(2, 12))
@settings(max_examples=30)
def test_as_scikit_learn(seed, classes):
    sklearn = pytest.importorskip("sklearn.metrics")
    truth, predicted = random_labels(seed, classes)
    everything = list(range(classes))
    table = sklearn.confusion_matrix(truth, predicted, labels=everything)
    assert (count_pairs(truth, predicted, classes) == table).all()
    counts = ClassCounts.of(plain_counts(truth, predicted, classes))
    known = np.union1d(truth, predicted)
    iou = sklearn.jaccard_score(truth, predicted, labels=known, average=None, zero_division=0)
    assert counts.iou[known] == pytest.approx(100 * iou, abs=100 * EXACT)
    assert counts.mean_iou(Mean(name="m")) == pytest.approx(100 * iou.mean(), abs=100 * EXACT)
    weighted = sklearn.jaccard_score(truth, predicted, average="weighted", zero_division=0)
    assert counts.frequency_weighted_iou == pytest.approx(100 * weighted, abs=100 * EXACT)
    accuracy = sklearn.accuracy_score(truth, predicted)
    assert counts.accuracy == pytest.approx(100 * accuracy, abs=100 * EXACT)
    true = np.unique(truth)
    recall = sklearn.recall_score(truth, predicted, labels=true, average=None, zero_division=0)
    assert counts.mean_accuracy == pytest.approx(100 * recall.mean(), abs=100 * EXACT)
    precision = sklearn.precision_score(
        truth, predicted, labels=np.unique(predicted), average=None, zero_division=0
    )
    assert counts.precision[np.unique(predicted)] == pytest.approx(100 * precision, abs=100 * EXACT)


@given(SEEDS, st.integers(2, 12))
@settings(max_examples=10)
def test_as_torchmetrics(seed, classes):
    torch = pytest.importorskip("torch")
    metrics = pytest.importorskip("torchmetrics.functional.classification")
    truth, predicted = random_labels(seed, classes)
    tensors = torch.from_numpy(predicted.astype(np.int64)), torch.from_numpy(truth.astype(np.int64))
    table = metrics.multiclass_confusion_matrix(*tensors, num_classes=classes)
    assert (count_pairs(truth, predicted, classes) == table.numpy()).all()
    counts = ClassCounts.of(plain_counts(truth, predicted, classes))
    # torchmetrics divides in float32.
    iou = metrics.multiclass_jaccard_index(*tensors, num_classes=classes)
    assert float(counts.mean_iou(Mean(name="m"))) == pytest.approx(100 * float(iou), rel=1e-6)


def test_the_four_means():
    # tree 1/2; road absent but predicted once; car and sky occur nowhere.
    table = np.zeros((5, 7), np.int64)
    table[0, :2] = 1, 1
    counts = ClassCounts.of(table)
    means = {over: float(counts.mean_iou(Mean(name="m", over=over))) for over in OVER}
    assert means == {"union": 25, "truth": 50, "all": 12.5, "nonzero": 50}


def test_nothing_at_all_is_not_a_number():
    counts = ClassCounts.of(np.zeros((4, 6), np.int64))
    assert math.isnan(counts.mean_iou(Mean(name="m")))
    assert math.isnan(counts.accuracy)
