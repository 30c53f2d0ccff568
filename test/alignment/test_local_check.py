"""A few turns about none say whether a calibration still fits."""

import numpy as np
import pytest
from boxes import boxes, observation

from seg_perception.alignment.evidence import Evidence
from seg_perception.alignment.local_check import LocalCheck, edges_in_view, local_sums
from seg_perception.alignment.rotation_search import turn


def moment(seed, turned_deg=(0, 0, 0), other=0, count=14):
    picture, edges = boxes(seed, count)[0], boxes(seed + other, count)[1]
    evidence = Evidence([observation(picture, edges)])
    return local_sums(evidence.placed(as_if=turn(np.array(turned_deg, float))))


def test_moments_that_fit_are_best_as_they_are():
    check = LocalCheck.of([moment(seed) for seed in range(4)])
    assert check.answer == "fits"
    assert check.best == check.given


@pytest.mark.parametrize("turned_deg", [(0.5, 0, 0), (0, -1, 0), (0, 0, 1)])
def test_moments_that_are_turned_fit_better_elsewhere(turned_deg):
    assert LocalCheck.of([moment(seed, turned_deg) for seed in range(4)]).answer == "elsewhere"


@pytest.mark.parametrize("count", [2, 3, 14])
@pytest.mark.parametrize(
    "turned_deg", [(2, 0, 0), (-2.5, 0, 0), (3, 0, 0), (4, 0, 0), (0, 2, 0), (0, -3, 0), (0, 2, 1)]
)
def test_a_large_turn_never_fits_however_little_is_seen(count, turned_deg):
    """Boxes fit again where one side of theirs lies on the other: 2 degrees are 8 pixels here."""
    seeds = range(8)
    sound = [moment(seed, count=count) for seed in seeds]
    assert LocalCheck.of(sound[:4]).answer == LocalCheck.of(sound[4:]).answer == "fits"
    moments = [moment(seed, turned_deg, count=count) for seed in seeds]
    for first in range(5):
        assert LocalCheck.of(moments[first : first + 4]).answer != "fits"


def test_pictures_of_something_else_do_not_fit():
    moments = [moment(seed, other=100) for seed in range(4)]
    assert LocalCheck.of(moments).answer != "fits"


def test_moments_add_up():
    one = moment(1)
    check, twice = LocalCheck.of([one]), LocalCheck.of([one, one])
    assert twice.given == pytest.approx(np.sqrt(2) * check.given, rel=1e-5)
    assert edges_in_view(one) == int(Evidence([observation(*boxes(1))]).sums([np.eye(4)]).edges[0])
