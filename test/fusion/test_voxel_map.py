"""The map's algebra: votes, their order, the window, and the end of its memory."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.config import MapConfig
from seg_perception.fusion import voxel_map
from seg_perception.fusion.voxel_map import VoxelMap

CLASSES = 4
HERE = np.zeros(3)


def make(**values):
    return VoxelMap(
        MapConfig(**{"voxel_m": 1.0, "window_m": 0.0, "max_voxels": 1000, **values}), CLASSES
    )


def add(voxels, points, labels, confidence=None, robot=HERE, stamp_ns=1):
    xyz = np.array(points, np.float64).reshape(-1, 3)
    weights = np.ones(len(xyz)) if confidence is None else np.array(confidence)
    labels = np.array(labels, np.uint8)
    voxels.add(xyz, labels, weights.astype(np.float32), np.asarray(robot, np.float64), stamp_ns)


def contents(voxels):
    found = voxels.voxels()
    rows = zip(found.xyz.tolist(), found.labels, found.confidence, found.counts, strict=True)
    return {tuple(xyz): (int(label), float(c), int(n)) for xyz, label, c, n in rows}


def test_one_certain_vote_by_hand():
    voxels = make()
    add(voxels, [[0.2, 0.2, 0.2]], [2])
    # The winner has 1 of 1 vote and a quarter of the prior: 1.25 of 2.
    assert contents(voxels) == {(0.5, 0.5, 0.5): (2, 0.625, 1)}


def test_a_scan_is_one_vote_however_many_points_it_has():
    voxels = make()
    add(voxels, [[0.1, 0.5, 0.5]] * 3 + [[0.9, 0.5, 0.5]], [1, 1, 1, 3], [0.8, 0.8, 0.8, 0.4])
    # Class 1: 3 x 0.8 / 4 = 0.6, class 3: 0.1; (0.6 + 0.25) / (0.7 + 1)
    label, confidence, count = contents(voxels)[0.5, 0.5, 0.5]
    assert (label, count) == (1, 1)
    assert confidence == pytest.approx(0.5)


def test_agreeing_scans_raise_the_confidence_and_a_better_supported_class_wins():
    voxels = make()
    add(voxels, [[0.5, 0.5, 0.5]], [0], [0.9])
    for _ in range(9):
        add(voxels, [[0.5, 0.5, 0.5]], [1], [0.9])
    label, confidence, count = contents(voxels)[0.5, 0.5, 0.5]
    assert (label, count) == (1, 10)
    assert confidence == pytest.approx((8.1 + 0.25) / 10)


SCANS = st.lists(
    st.lists(
        st.tuples(
            st.integers(-2, 2),
            st.integers(-2, 2),
            st.integers(0, CLASSES - 1),
            st.integers(1, 8).map(lambda n: n / 8),
        ),
        min_size=1,
        max_size=8,
    ),
    min_size=1,
    max_size=6,
)


@given(SCANS, st.randoms())
def test_the_order_of_scans_does_not_matter(scans, random):
    shuffled = list(scans)
    random.shuffle(shuffled)
    maps = [make(), make()]
    for voxels, order in zip(maps, (scans, shuffled), strict=True):
        for scan in order:
            add(voxels, [[x, y, 0] for x, y, _, _ in scan], [s[2] for s in scan],
                [s[3] for s in scan])  # fmt: skip
    one, other = (contents(voxels) for voxels in maps)
    assert one.keys() == other.keys()
    for place, (_, confidence, count) in one.items():
        # Of two classes with equal counts rounding may choose either.
        assert other[place][1] == pytest.approx(confidence, abs=1e-6)
        assert other[place][2] == count


@given(SCANS)
def test_evidence_is_what_a_loop_over_the_points_gives(scans):
    voxels, expected = make(), {}
    for scan in scans:
        add(voxels, [[x, y, 0] for x, y, _, _ in scan], [s[2] for s in scan],
            [s[3] for s in scan])  # fmt: skip
        for place in {s[:2] for s in scan}:
            mine = [s for s in scan if s[:2] == place]
            tally = expected.setdefault(place, np.zeros(CLASSES))
            for *_, label, weight in mine:
                tally[label] += weight / len(mine)
    found = contents(voxels)
    assert {(x - 0.5, y - 0.5) for x, y, _ in found} == set(expected)
    for (x, y), tally in expected.items():
        label, confidence, _ = found[x + 0.5, y + 0.5, 0.5]
        assert tally[label] == pytest.approx(tally.max(), abs=1e-5)
        assert confidence == pytest.approx((tally.max() + 0.25) / (tally.sum() + 1), abs=1e-5)


def test_a_map_that_is_asked_after_every_scan_says_the_same_as_one_asked_at_the_end():
    random = np.random.default_rng(0)
    asked, silent = (VoxelMap(MapConfig(window_m=4, half_life_scans=2), 5) for _ in range(2))
    for number in range(12):
        robot = np.array([number * 0.5, 0, 0])
        xyz = robot + random.uniform(-4, 4, (300, 3))
        labels = random.integers(0, 5, 300).astype(np.uint8)
        weight = random.random(300).astype(np.float32)
        for voxels in (asked, silent):
            voxels.add(xyz, labels, weight, robot, number)
        asked.voxels()
    by_place = []
    for voxels in (asked.voxels(), silent.voxels()):
        order = np.lexsort(voxels.xyz.T)
        columns = (voxels.xyz, voxels.labels, voxels.confidence, voxels.counts)
        by_place.append([column[order].tolist() for column in columns])
    assert by_place[0] == by_place[1]
    assert len(by_place[0][0]) > 500


def test_a_world_that_changes_is_followed():
    voxels = make(half_life_scans=20)
    for _ in range(400):
        add(voxels, [[0, 0, 0]], [0])
    for _ in range(45):
        add(voxels, [[0, 0, 0]], [1])
    assert contents(voxels)[0.5, 0.5, 0.5][0] == 1


def test_the_window_goes_with_the_robot():
    voxels = make(window_m=10.0)
    line = [[x + 0.5, 0.5, 0.5] for x in range(-20, 20)]
    add(voxels, line, [0] * 40)
    assert {x for x, _, _ in contents(voxels)} == {x + 0.5 for x in range(-10, 10)}
    assert voxels.count.beyond_window == 20
    add(voxels, line, [0] * 40, robot=(5.0, 0.0, 0.0))
    assert {x for x, _, _ in contents(voxels)} == {x + 0.5 for x in range(-5, 15)}
    assert voxels.count.given_up == 0


def test_height_is_not_part_of_the_window():
    voxels = make(window_m=5.0)
    add(voxels, [[0, 0, 30]], [1])
    assert len(contents(voxels)) == 1


def test_a_full_map_gives_up_what_is_farthest_and_counts_it():
    voxels = make(max_voxels=80)
    add(voxels, [[x, 0, 0] for x in range(100)], [0] * 100)
    left = {x for x, _, _ in contents(voxels)}
    # 20 too many, and 80 / 8 more to have room for a while.
    assert left == {x + 0.5 for x in range(70)}
    assert voxels.count.given_up == 30
    assert voxels.count.entered == 100
    add(voxels, [[5, 0, 0]], [1])
    assert contents(voxels)[5.5, 0.5, 0.5][2] == 2
    assert contents(voxels)[6.5, 0.5, 0.5][2] == 1


def test_rows_that_are_used_again_start_from_nothing():
    voxels = make(max_voxels=8)
    add(voxels, [[x, 0, 0] for x in range(9)], [3] * 9)
    add(voxels, [[-1, 0, 0]], [0])
    assert contents(voxels)[-0.5, 0.5, 0.5] == (0, 0.625, 1)


def test_a_large_cloud_is_entered_piece_by_piece(monkeypatch):
    monkeypatch.setattr(voxel_map, "_PIECE", 16)
    voxels = make(max_voxels=50)
    add(voxels, [[x % 40, 0, 0] for x in range(4000)], [0] * 4000)
    assert len(voxels) == 40
    assert voxels.count.entered == 4000


def test_cleared_is_empty():
    voxels = make()
    add(voxels, [[0, 0, 0]], [1])
    voxels.clear()
    assert len(voxels) == 0
    assert len(voxels.voxels()) == 0


def test_no_point_is_no_vote():
    voxels = make()
    add(voxels, [], [])
    assert len(voxels.voxels()) == 0


def test_ids_above_255_have_two_bytes():
    voxels = VoxelMap(MapConfig(), 300)
    add(voxels, [[0, 0, 0]], [7])
    assert voxels.voxels().labels.dtype == np.uint16


def look_up(voxels, points, x=0.0):
    T = np.eye(4)
    T[0, 3] = x
    labels, confidence = voxels.look_up(np.array(points, np.float32), T)
    return [(int(n), float(c)) for n, c in zip(labels, confidence, strict=True) if c]


def test_a_place_is_looked_up_and_not_made():
    voxels = make()
    assert look_up(voxels, [[0.5, 0.5, 0.5]]) == []
    add(voxels, [[3.2, 0.2, 0.2]], [2])
    # From a sensor at x = 1; one certain vote by hand as above.
    assert look_up(voxels, [[2.7, 0.9, 0.1], [2.7, 0.9, 1.1]], x=1.0) == [(2, 0.625)]
    assert contents(voxels) == {(3.5, 0.5, 0.5): (2, 0.625, 1)}


def test_looking_up_follows_the_votes():
    voxels = make()
    for label, expected in ((0, (0, 0.625)), (1, (0, 1.25 / 3)), (1, (1, 2.25 / 4))):
        add(voxels, [[0.5, 0.5, 0.5]], [label])
        assert look_up(voxels, [[0.5, 0.5, 0.5]] * 3) == [pytest.approx(expected)] * 3


def test_the_window_follows_who_looks():
    voxels = make(window_m=10.0)
    add(voxels, [[0.5, 0.5, 0.5], [9.5, 0.5, 0.5]], [0, 1])
    # By less than a tenth of the window nothing is done; by more, what lies outside goes.
    assert len(look_up(voxels, [[-11.5, 0.5, 0.5]], x=12.0)) == 0
    assert len(voxels) == 1
    add(voxels, [[12.5, 0.5, 0.5]], [0], robot=(12.0, 0, 0))
    look_up(voxels, [[0.0, 0.0, 0.0]], x=12.9)
    assert len(voxels) == 2


def test_room_is_made_part_by_part(monkeypatch):
    """Voxels 0 to 99 m away, 80 allowed; 30 are to go, of which the sample tells all."""
    monkeypatch.setattr(voxel_map, "_LOOKED_AT", 90)
    voxels = make(max_voxels=80)
    add(voxels, [[x, 0, 0] for x in range(99, -1, -1)], [0] * 100)
    # The first part, of the 90 that came first, holds the thirty farthest.
    assert {x for x, _, _ in contents(voxels)} == {x + 0.5 for x in range(70)}
    voxels = make(max_voxels=80)
    add(voxels, [[x, 0, 0] for x in range(100)], [0] * 100)
    # The first part holds twenty of them, which is enough.
    assert {x for x, _, _ in contents(voxels)} == {x + 0.5 for x in [*range(70), *range(90, 100)]}
    assert voxels.count.given_up == 20
