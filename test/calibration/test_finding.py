"""What a search of the place leaves to the search for a turn."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from seg_perception.alignment.pose import TURN
from seg_perception.alignment.pose_search import PoseSearch
from seg_perception.calibration.finding import _as_turn


def test_a_place_that_is_only_turned_is_known_as_well_as_a_turn():
    values = np.array([0, 0.45, 0, 0, 0, 0, 0])
    interval = np.array([0.11, 0.11, 0.16, 0.016, 0.016, 0.044, 0.3])
    pose = PoseSearch(values, interval, values != 0, is_sure=True, gain=0.0)
    search = SimpleNamespace(
        turn_deg=np.array([0.03, 0.43, 0.1]), interval_deg=np.array([0.06, 0.06, 0.06])
    )
    found = _as_turn(pose, search)
    # Of 0.03, 0.43 and 0.1 degree the last two are more than 0.06.
    assert found.values[TURN].tolist() == [0, 0.43, 0.1]
    assert found.known.tolist() == [False, True, True, False, False, False, False]
    assert found.interval == pytest.approx([0.06, 0.06, 0.06, 0.016, 0.016, 0.044, 0.3])
    assert np.array_equal(found.values[TURN.stop :], np.zeros(4))
    assert np.array_equal(pose.values, [0, 0.45, 0, 0, 0, 0, 0])
