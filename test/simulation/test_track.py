from __future__ import annotations

import numpy as np
import pytest

from seg_perception.simulation.track import make_track


@pytest.fixture(scope="module")
def track():
    return make_track(np.random.default_rng(4), 36.0)


def test_it_is_closed_and_evenly_sampled(track):
    step = np.linalg.norm(np.roll(track.points, -1, axis=0) - track.points, axis=1)
    assert step == pytest.approx(track.length_m / len(track.points), rel=2e-3)


def test_a_round_leads_back(track):
    arc = np.array([0.0, 13.7, 150.2])
    here, heading = track.at(arc, np.zeros(3))
    again, heading_again = track.at(arc + track.length_m, np.zeros(3))
    assert again == pytest.approx(here, abs=1e-9)
    assert heading_again == pytest.approx(heading, abs=1e-9)


def test_lateral_is_to_the_left(track):
    centre, heading = track.at(np.array([20.0]), np.array([0.0]))
    left, _ = track.at(np.array([20.0]), np.array([2.0]))
    expected = centre[0] + 2.0 * np.array([-np.sin(heading[0]), np.cos(heading[0])])
    assert left[0] == pytest.approx(expected, abs=1e-3)


def test_curves_are_wide_enough_for_a_robot(track):
    _, heading = track.at(
        np.arange(0, track.length_m, 0.5), np.zeros(int(track.length_m / 0.5) + 1)
    )
    curvature = np.diff(np.unwrap(heading)) / 0.5
    assert np.abs(curvature).max() < 0.12
