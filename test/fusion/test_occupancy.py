"""Costs of cells, worked out by hand on a few voxels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.config import CostmapConfig
from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.fusion.occupancy import FREE, LETHAL, UNSEEN, cost_table, occupancy
from seg_perception.fusion.voxels import Voxels

ROAD, MUD, TREE, SKY = range(4)
ONTOLOGY = Ontology.parse(
    {
        "name": "tiny",
        "classes": [
            {"id": i, "name": name, "color": f"#00000{i}"}
            for i, name in enumerate(("road", "mud", "tree", "sky"))
        ],
        "groupings": {
            "traversability": [
                {"name": "drivable", "color": "#000001", "classes": ["road"]},
                {"name": "rough", "color": "#000002", "classes": ["mud"]},
                {"name": "impassable", "color": "#000003", "classes": ["tree"]},
                {"name": "dynamic", "color": "#000004", "classes": []},
                {"name": "sky", "color": "#000005", "classes": ["sky"]},
            ]
        },
    },
    "test",
)
# Four cells of a metre each way around the robot.
CONFIG = CostmapConfig(size_m=4.0, cell_m=1.0, clearance_m=2.0, min_confidence=0.5)


def voxels(*entries, centre=(0.0, 0.0, 0.0)):
    """Entries of x, y, z, label, confidence."""
    rows = np.array(entries, float).reshape(-1, 5)
    return Voxels(
        xyz=rows[:, :3],
        labels=rows[:, 3].astype(np.uint8),
        confidence=rows[:, 4].astype(np.float32),
        counts=np.ones(len(rows), np.uint32),
        stamp_ns=7,
        centre=np.array(centre),
    )


def costs_at(x, y, *entries, config=CONFIG):
    grid = occupancy(voxels(*entries), cost_table(config, ONTOLOGY), config)
    first = np.rint(grid.origin_xy / grid.cell_m)
    column, row = (np.floor(np.array([x, y]) / grid.cell_m) - first).astype(int)
    return int(grid.costs[row, column])


def test_groups_have_costs_and_the_sky_has_none():
    table = cost_table(CONFIG, ONTOLOGY)
    assert [int(table[i]) for i in (ROAD, MUD, TREE, SKY)] == [0, 40, 100, -1]
    assert table[ONTOLOGY.unknown_id] == UNSEEN


@pytest.mark.parametrize("entry", ["lava=3", "rough", "rough=101", "rough=-1", "rough=x"])
def test_a_wrong_cost_is_refused_with_the_groups(entry):
    with pytest.raises(ConfigError, match=r"GROUP=0 to 100 with groups of traversability"):
        cost_table(CostmapConfig(costs=[entry]), ONTOLOGY)


def test_an_unknown_grouping_is_refused():
    with pytest.raises(
        ConfigError,
        match=r"lacks \(it has: traversability\)",
    ):
        cost_table(CostmapConfig(grouping="trafficability"), ONTOLOGY)


def test_nothing_is_free_that_was_not_seen():
    grid = occupancy(voxels(), cost_table(CONFIG, ONTOLOGY), CONFIG)
    assert grid.costs.shape == (4, 4)
    assert (grid.costs == UNSEEN).all()
    assert costs_at(0.5, 0.5, (1.5, 0.5, 0, ROAD, 1)) == UNSEEN
    assert costs_at(0.5, 0.5, (0.5, 0.5, 0, SKY, 1)) == UNSEEN


def test_sure_ground_is_free_and_doubtful_ground_is_not():
    assert costs_at(0.5, 0.5, (0.5, 0.5, 0, ROAD, 0.9)) == FREE
    assert costs_at(0.5, 0.5, (0.5, 0.5, 0, ROAD, 0.4)) == UNSEEN
    assert costs_at(0.5, 0.5, (0.5, 0.5, 0, ROAD, 0.9), (0.6, 0.5, 0, MUD, 0.4)) == UNSEEN
    assert costs_at(0.5, 0.5, (0.5, 0.5, 0, MUD, 0.9), (0.6, 0.5, 0, ROAD, 0.4)) == 40


def test_the_worst_counts_and_an_obstacle_counts_however_doubtful():
    ground = (0.5, 0.5, 0, ROAD, 0.9)
    assert costs_at(0.5, 0.5, ground, (0.5, 0.6, 0, MUD, 0.9)) == 40
    assert costs_at(0.5, 0.5, ground, (0.5, 0.6, 1, TREE, 0.1)) == LETHAL


def test_what_hangs_above_the_robot_does_not_block():
    ground = (0.5, 0.5, 0, ROAD, 0.9)
    assert costs_at(0.5, 0.5, ground, (0.5, 0.5, 2.5, TREE, 0.9)) == FREE
    assert costs_at(0.5, 0.5, ground, (0.5, 0.5, 1.9, TREE, 0.9)) == LETHAL


def test_a_neighbour_s_ground_tells_what_hangs_and_without_ground_everything_blocks():
    crown = (0.5, 0.5, 2.5, TREE, 0.9)
    assert costs_at(0.5, 0.5, crown) == LETHAL
    assert costs_at(0.5, 0.5, crown, (1.5, 0.5, 0, ROAD, 0.9)) == UNSEEN


def test_rows_run_along_y_and_the_grid_follows_the_robot_in_whole_cells():
    found = voxels((11.5, 20.5, 0, ROAD, 1), centre=(10.9, 20.2, 5.0))
    grid = occupancy(found, cost_table(CONFIG, ONTOLOGY), CONFIG)
    assert grid.origin_xy.tolist() == [8.0, 18.0]
    assert np.argwhere(grid.costs == FREE).tolist() == [[2, 3]]
    assert (grid.cell_m, grid.stamp_ns) == (1.0, 7)


ENTRY = st.tuples(
    *(st.floats(-3, 3) for _ in "xy"), st.floats(-1, 4), st.integers(0, 3), st.floats(0, 1)
)


@given(st.lists(ENTRY, max_size=20), ENTRY)
def test_an_obstacle_on_known_ground_is_never_free(entries, place):
    x, y = place[:2]
    obstacle = (x, y, 0.5, TREE, 0.9)
    ground = [(cx, cy, 0.0, ROAD, 1.0) for cx, cy, *_ in [*entries, place]]
    if abs(x) < 2 and abs(y) < 2:
        assert costs_at(x, y, obstacle, *ground) == LETHAL


@given(st.lists(ENTRY, max_size=20))
def test_order_does_not_matter(entries):
    table = cost_table(CONFIG, ONTOLOGY)
    one = occupancy(voxels(*entries), table, CONFIG)
    other = occupancy(voxels(*entries[::-1]), table, CONFIG)
    assert (one.costs == other.costs).all()
