"""Pictures of another focal length than camera_info's are told, with the length; others are not."""

from dataclasses import replace

import numpy as np
import pytest
from boxes import FOCAL, HEIGHT, WIDTH, boxes, observation

from seg_perception.alignment.evidence import Evidence
from seg_perception.alignment.lens_search import search_lens
from seg_perception.alignment.rotation_search import turn


def evidence(times=1.0, turned_deg=(0, 0, 0), seeds=range(4)):
    """Of pictures whose camera_info has so many times the true focal length."""
    k = np.array([[times * FOCAL, 0, WIDTH / 2], [0, times * FOCAL, HEIGHT / 2], [0, 0, 1]])
    T = turn(np.array(turned_deg, float))
    seen = [observation(*boxes(seed)) for seed in seeds]
    return Evidence(
        [
            replace(one, calibration=replace(one.calibration, k=k), T_camera_lidar=T[None])
            for one in seen
        ]
    )


@pytest.mark.parametrize("times", [0.8, 0.9, 1.1, 1.25])
def test_another_lens_is_told_with_its_focal_length(times):
    found = search_lens(evidence(times))
    assert found.is_another
    assert found.focal == pytest.approx(1 / times, rel=0.015)
    assert np.abs(found.turn_deg).max() <= 0.5


def test_a_wrong_lens_is_told_beside_a_turn():
    found = search_lens(evidence(0.8, (0, 1, 0)))
    assert found.is_another
    assert found.focal == pytest.approx(1.25, rel=0.03)
    assert found.turn_deg == pytest.approx((0, -1, 0), abs=0.5)


@pytest.mark.parametrize("turned_deg", [(0, 0, 0), (1, 0, 0), (0, -2, 0), (0, 0, 3), (-4, 0, 0)])
def test_the_true_lens_is_none_even_where_the_camera_is_turned(turned_deg):
    assert not search_lens(evidence(1.0, turned_deg)).is_another


def test_a_little_more_or_less_is_not_told_from_chance():
    assert not search_lens(evidence(1.03)).is_another


def test_pictures_of_other_places_have_no_lens():
    seen = [
        replace(observation(*boxes(seed)), depth_edges=boxes(seed + 50)[1]) for seed in range(4)
    ]
    assert not search_lens(Evidence(seen)).is_another
