from __future__ import annotations

import numpy as np
import pytest

from seg_perception.teaching.stretches import split_stretches


def test_whole_stretches_are_kept_aside_with_a_margin_to_what_is_taught():
    found = split_stretches(range(120), 0.25, seed=1)
    teach, gate = np.array(found.teach), np.array(found.gate)
    stretches = {int(place) // 10 for place in gate}
    assert len(stretches) == 3, "a quarter of twelve stretches"
    assert stretches.isdisjoint({int(place) // 10 for place in teach})
    nearest = np.abs(teach[:, None] - gate[None, :]).min()
    assert nearest == 3, "one frame of ten is left out at either side"


def test_stretches_are_of_time_and_not_of_the_order_in_a_list():
    times = list(np.random.default_rng(0).permutation(120))
    found = split_stretches(times, 0.25, seed=1)
    in_order = split_stretches(range(120), 0.25, seed=1)
    assert sorted(times[place] for place in found.gate) == sorted(in_order.gate)


def test_kept_aside_stretches_are_spread_over_the_drive():
    for seed in range(20):
        gate = split_stretches(range(120), 0.25, seed).gate
        assert {place // 40 for place in gate} == {0, 1, 2}


def test_of_a_known_place_nothing_is_kept_aside():
    assert split_stretches(range(120), 0.0, seed=1).gate == ()


@pytest.mark.parametrize("count", [0, 1, 5])
def test_of_few_frames_nothing_is_kept_aside(count):
    found = split_stretches(range(count), 0.3, seed=1)
    assert found.teach == tuple(range(count))
    assert found.gate == ()
