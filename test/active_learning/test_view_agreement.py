"""Points that two pictures label."""

import math

import numpy as np
import pytest

from seg_perception.active_learning.view_agreement import Evidence, compare_views
from seg_perception.fusion.transfer import Transfer


def transfer(labels, confidence):
    count = len(labels)
    return Transfer(
        labels=np.array(labels, np.uint8),
        confidence=np.array(confidence, np.float32),
        status=np.zeros(count, np.uint8),
        sources=np.zeros(count, np.uint8),
    )


def test_a_point_weighs_as_much_as_the_less_sure_of_the_two(make):
    one = transfer([1, 1, 2, make.unknown], [0.9, 0.5, 0.8, 0.0])
    other = transfer([1, 2, 3, 1], [0.6, 1.0, 0.2, 1.0])
    evidence = compare_views(one, other, make.unknown)
    assert evidence.total == pytest.approx(0.6 + 0.5 + 0.2)
    assert evidence.against == pytest.approx(0.5 + 0.2)
    assert evidence.share == pytest.approx(0.7 / 1.3)


def test_nothing_in_common_says_nothing(make):
    evidence = compare_views(transfer([make.unknown], [0]), transfer([1], [1]), make.unknown)
    assert math.isnan(evidence.share)
    assert (evidence + Evidence(1, 4)).share == 0.25
