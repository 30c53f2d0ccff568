"""Pairs of labels are counted, whatever their width and however many there are."""

import numpy as np
import pytest
from scored_runs import example_ontology, image_sample

from seg_perception.evaluation.confusion import ConfusionCounter, ConfusionLayout, count_pairs


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


def test_ids_of_eight_and_of_sixteen_bits_are_counted_alike():
    layout = ConfusionLayout(example_ontology(), example_ontology())
    counter = ConfusionCounter(layout)
    sample = image_sample(1)
    narrow = counter.count(sample.truth, sample.predicted)
    wide = counter.count(sample.truth.astype(np.uint16), sample.predicted.astype(np.uint16))
    assert (narrow == wide).all()
    assert narrow.sum() == sample.truth.size
    assert narrow[layout.no_truth].sum() == 3 * 32
