"""What is told of a map's changes, laid one on the other, is the map."""

import numpy as np
import pytest

from seg_perception.config import MapConfig
from seg_perception.fusion.voxel_map import VoxelMap

CLASSES = 4
EVERYTHING = 1000


def make(**values):
    return VoxelMap(
        MapConfig(**{"voxel_m": 1.0, "window_m": 0.0, "max_voxels": 1000, **values}), CLASSES
    )


def add(voxels, columns, label=1, robot_x=0.0, stamp_ns=1):
    xyz = np.array([[x + 0.5, 0.5, 0.5] for x in columns]).reshape(-1, 3)
    labels, weights = np.full(len(xyz), label, np.uint8), np.ones(len(xyz), np.float32)
    voxels.add(xyz, labels, weights, np.array([robot_x, 0.0, 0.0]), stamp_ns)


def told(changes):
    """Whether it begins anew, the columns that are gone, those that are new with their labels."""
    places = (changes.voxels.xyz[:, 0] - 0.5).astype(int).tolist()
    labels = dict(zip(places, changes.voxels.labels.tolist(), strict=True))
    return changes.begins, (changes.forgotten[:, 0] - 0.5).astype(int).tolist(), labels


def contents(voxels):
    found = voxels.voxels()
    rows = zip(found.labels, found.confidence, found.counts, strict=True)
    return dict(zip(map(tuple, found.xyz.tolist()), rows, strict=True))


class Follower:
    """Keeps what it was told."""

    def __init__(self):
        self.voxels = {}

    def hear(self, changes):
        if changes.begins:
            self.voxels = {}
        for place in changes.forgotten.tolist():
            self.voxels.pop(tuple(place), None)
        new = changes.voxels
        rows = zip(new.labels, new.confidence, new.counts, strict=True)
        self.voxels.update(zip(map(tuple, new.xyz.tolist()), rows, strict=True))


def test_all_of_it_then_what_changed_then_nothing():
    voxels = make()
    add(voxels, [0, 1, 2])
    assert told(voxels.changes(EVERYTHING)) == (True, [], {0: 1, 1: 1, 2: 1})
    assert told(voxels.changes(EVERYTHING)) == (False, [], {})
    # Two votes for 3 outweigh one for 1; column 3 is new.
    add(voxels, [1, 3], label=3)
    add(voxels, [1], label=3)
    assert told(voxels.changes(EVERYTHING)) == (False, [], {1: 3, 3: 3})
    assert voxels.changes(EVERYTHING).voxels.stamp_ns == 1


def test_who_follows_an_empty_map_hears_its_first_voxels_once():
    voxels = make()
    assert told(voxels.changes(EVERYTHING)) == (True, [], {})
    assert told(voxels.changes(EVERYTHING)) == (False, [], {})
    add(voxels, [5])
    assert told(voxels.changes(EVERYTHING)) == (False, [], {5: 1})


def test_what_leaves_the_window_is_gone_and_the_row_that_takes_its_place_is_no_change():
    voxels = make(window_m=4.0)
    add(voxels, [0, 1, 2, 3])
    voxels.changes(EVERYTHING)
    # The window is 1.5 to 9.5 m around 5.5: columns 0 and 1 (middles 0.5 and 1.5; 1.5 is inside).
    add(voxels, [8], robot_x=5.5)
    assert told(voxels.changes(EVERYTHING)) == (False, [0], {8: 1})


def test_a_voxel_that_is_forgotten_and_met_again_is_there_in_the_end():
    voxels, follower = make(window_m=2.0), Follower()
    add(voxels, [0])
    follower.hear(voxels.changes(EVERYTHING))
    add(voxels, [10], robot_x=10.0)
    voxels.voxels()
    add(voxels, [0], label=2)
    changes = voxels.changes(EVERYTHING)
    # Column 10, of which nothing was told yet, has left the window in between.
    assert told(changes) == (False, [0, 10], {0: 2})
    follower.hear(changes)
    assert follower.voxels == contents(voxels)


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_part_holds_no_more_than_it_may_and_none_waits_for_ever(most):
    voxels = make()
    add(voxels, range(6))
    seen = set()
    for _ in range(-(-6 // most)):
        changes = voxels.changes(most)
        assert len(changes) <= most
        seen |= set(told(changes)[2])
        # The first ones change again and again.
        add(voxels, [0, 1])
    assert {2, 3, 4, 5} <= seen


def test_what_was_forgotten_comes_first_in_parts():
    voxels = make(window_m=2.0)
    add(voxels, [0, 1])
    voxels.changes(EVERYTHING)
    add(voxels, [10], robot_x=10.0)
    voxels.voxels()
    assert told(voxels.changes(1)) == (False, [0], {})
    assert told(voxels.changes(1)) == (False, [1], {})
    assert told(voxels.changes(1)) == (False, [], {10: 1})


def test_who_comes_later_is_told_everything_and_the_others_begin_nothing_anew():
    voxels = make()
    add(voxels, [0, 1])
    voxels.changes(EVERYTHING)
    add(voxels, [2])
    assert told(voxels.changes(EVERYTHING, everything=True)) == (False, [], {0: 1, 1: 1, 2: 1})


def test_a_cleared_map_and_one_that_nobody_followed_begin_anew():
    voxels = make()
    add(voxels, [0])
    voxels.changes(EVERYTHING)
    voxels.clear()
    assert told(voxels.changes(EVERYTHING)) == (True, [], {})
    add(voxels, [1])
    assert told(voxels.changes(EVERYTHING)) == (False, [], {1: 1})
    voxels.follow_no_more()
    add(voxels, [2])
    assert told(voxels.changes(EVERYTHING)) == (True, [], {1: 1, 2: 1})


def test_more_that_is_forgotten_than_a_map_holds_is_told_by_beginning_anew(monkeypatch):
    monkeypatch.setattr("seg_perception.fusion.voxel_map._PIECE", 2)
    voxels = make(window_m=2.0, max_voxels=2)
    add(voxels, [0])
    voxels.changes(EVERYTHING)
    # A map of two voxels and a piece of two has four rows: five are forgotten.
    for number in range(1, 6):
        add(voxels, [10 * number], robot_x=10.0 * number)
        voxels.voxels()
    assert told(voxels.changes(EVERYTHING)) == (True, [], {50: 1})


def test_a_drive_told_in_small_parts_becomes_the_map():
    random = np.random.default_rng(0)
    voxels = VoxelMap(MapConfig(window_m=4, half_life_scans=2, max_voxels=900), 5)
    follower = Follower()
    for number in range(30):
        robot = np.array([number * 0.5, 0, 0])
        xyz = robot + random.uniform(-4, 4, (300, 3))
        labels, weight = random.integers(0, 5, 300).astype(np.uint8), random.random(300)
        voxels.add(xyz, labels, weight.astype(np.float32), robot, number)
        if number == 20:
            voxels.clear_rays((xyz[:50] - robot).astype(np.float32), np.eye(4), 500)
        changes = voxels.changes(150, everything=number == 10)
        assert len(changes) <= 150
        follower.hear(changes)
    while len(changes := voxels.changes(150)):
        follower.hear(changes)
    assert follower.voxels == contents(voxels)
    assert len(follower.voxels) > 500
