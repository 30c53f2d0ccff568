"""Keys of voxels, and the table that finds their rows: a dict is the judge."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.fusion import voxel_table
from seg_perception.fusion.voxel_table import KeyTable, VoxelGrid

REACH = 1 << 20
INDICES = st.integers(-REACH, REACH - 1)
CUBES = st.lists(st.tuples(INDICES, INDICES, INDICES), min_size=1, max_size=50)


def grid(size_m=0.5, around=(0.0, 0.0, 0.0)):
    return VoxelGrid(size_m, np.array(around))


@given(CUBES)
def test_cubes_have_one_key_each_and_their_own_middle(cubes):
    middles = (np.array(cubes, np.float64) + 0.5) * 0.5
    keys, reachable = grid().keys(middles)
    assert reachable.all()
    assert (keys >= 0).all()
    assert len(set(keys.tolist())) == len(set(cubes))
    np.testing.assert_array_equal(grid().centres(keys), middles)


@pytest.mark.parametrize(
    ("x", "middle"),
    [(0.0, 0.25), (0.4999, 0.25), (0.5, 0.75), (-0.0001, -0.25), (-0.5, -0.25), (-0.5001, -0.75)],
)
def test_a_border_belongs_to_the_cube_above_it(x, middle):
    keys, _ = grid().keys(np.array([[x, x, x]]))
    assert grid().centres(keys).tolist() == [[middle] * 3]


def test_a_map_far_from_the_origin_begins_where_the_robot_is():
    # UTM: 5,400 km north; 20 bits of 0.2 m would end at 210 km.
    here = np.array([691_000.0, 5_400_000.0, 500.0])
    utm = grid(0.2, here)
    keys, reachable = utm.keys(here[None] + [[0.05, 0.05, 0.05], [-100_000, 0, 0]])
    assert reachable.all()
    assert np.abs(utm.centres(keys)[0] - here).max() <= 0.1 + 1e-6


def test_what_is_out_of_reach_is_said():
    at = np.array([[0, 0, 0], [REACH, 0, 0], [0, -REACH, 0], [0, -REACH - 1, 0], [1e30, 0, 0]])
    _, reachable = grid(1.0).keys(at.astype(np.float64))
    assert reachable.tolist() == [True, False, True, False, False]


@given(st.lists(st.lists(st.integers(0, 60), max_size=40), max_size=6))
def test_rows_are_those_of_a_dict(batches):
    table, rows_of = KeyTable(61), {}
    for batch in batches:
        rows = table.rows(np.array(batch, np.int64))
        for key, row in zip(batch, rows.tolist(), strict=True):
            assert rows_of.setdefault(key, row) == row
        assert sorted(rows_of.values()) == list(range(len(table)))
    assert {int(key): row for row, key in enumerate(table.keys)} == rows_of


def test_keys_that_all_want_one_slot_find_their_own(monkeypatch):
    monkeypatch.setattr(voxel_table, "_SPREAD", np.uint64(0))
    table = KeyTable(200)
    keys = np.arange(200, dtype=np.int64)[::-1].copy()
    rows = table.rows(np.concatenate([keys, keys]))
    np.testing.assert_array_equal(rows[:200], rows[200:])
    assert sorted(rows[:200].tolist()) == list(range(200))
    np.testing.assert_array_equal(table.rows(keys), rows[:200])


@given(
    st.lists(
        st.tuples(st.lists(st.integers(0, 60), max_size=40), st.sets(st.integers(0, 60))),
        max_size=12,
    ),
    st.booleans(),
)
def test_what_is_forgotten_is_gone_and_all_else_is_found(rounds, all_want_one_slot):
    spread = np.uint64(0) if all_want_one_slot else voxel_table._SPREAD
    with mock.patch.object(voxel_table, "_SPREAD", spread):
        table, value_of = KeyTable(61), {}
        values = np.zeros(61, np.int64)
        for number, (added, forgotten) in enumerate(rounds):
            values[table.rows(np.array(added, np.int64))] = number
            value_of.update(dict.fromkeys(added, number))
            rows = np.flatnonzero(np.isin(table.keys, list(forgotten)))
            holes, movers = table.forget(rows)
            values[holes] = values[movers]
            value_of = {key: v for key, v in value_of.items() if key not in forgotten}
            found = dict(zip(table.keys.tolist(), values.tolist(), strict=False))
            assert found == value_of
            np.testing.assert_array_equal(table.rows(table.keys), np.arange(len(table)))


@given(st.floats(-3, 3), st.lists(st.tuples(*[st.floats(-90, 90)] * 3), min_size=1, max_size=40))
def test_cubes_of_a_sensor_are_those_of_its_points_in_the_grid(yaw_rad, points):
    T = np.eye(4)
    T[:2, :2] = [[np.cos(yaw_rad), -np.sin(yaw_rad)], [np.sin(yaw_rad), np.cos(yaw_rad)]]
    T[:3, 3] = [-250.13, 40_000.07, 3.3]
    xyz = np.array(points, np.float32)
    placed = xyz.astype(np.float64) @ T[:3, :3].T + T[:3, 3]
    # Those at a border may go either way.
    share = placed / 0.2 % 1
    inside = ((share > 1e-3) & (share < 1 - 1e-3)).all(axis=1)
    cubes = grid(0.2, T[:3, 3] + 100)
    keys, near = cubes.keys_from(xyz, T)
    assert near.all()
    np.testing.assert_array_equal(keys[inside], cubes.keys(placed)[0][inside])


def test_cubes_too_far_from_the_sensor_or_the_grid_are_none():
    cubes = grid(0.2)
    xyz = np.array([[0.0, 0, 0], [820.0, 0, 0], [0, -820.0, 0], [1e9, 0, 0]], np.float32)
    assert cubes.keys_from(xyz, np.eye(4))[1].tolist() == [True, False, False, False]
    away = np.eye(4)
    away[0, 3] = 0.2 * REACH
    assert not cubes.keys_from(xyz, away)[1].any()
    assert cubes.keys_from(np.zeros((0, 3), np.float32), np.eye(4))[0].shape == (0,)


@given(st.lists(st.integers(0, 200), max_size=60), st.lists(st.integers(0, 200), max_size=60))
def test_find_knows_what_is_there_and_adds_nothing(added, asked):
    table = KeyTable(64)
    rows = table.rows(np.array(added, np.int64))
    known = dict(zip(added, rows.tolist(), strict=True))
    found = table.find(np.array(asked, np.int64))
    assert found.tolist() == [known.get(key, -1) for key in asked]
    assert len(table) == len(known)


def test_find_looks_on_past_keys_that_were_forgotten():
    table = KeyTable(64)
    with mock.patch.object(KeyTable, "_first_slots", lambda _, keys: np.zeros(len(keys), np.int64)):
        rows = table.rows(np.array([5, 6, 7]))
        table.forget(rows[:2])
        assert table.find(np.array([7, 5, 9])).tolist() == [0, -1, -1]
