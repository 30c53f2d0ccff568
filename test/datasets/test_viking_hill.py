"""Cuboids as labels of points, by hand."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.core.errors import DatasetError
from seg_perception.datasets.viking_hill import (
    CuboidLabeller,
    CuboidRules,
    Cuboids,
    read_cuboids,
)

GROUND, TRUNK, CANOPY, ROCK, BUSH, CAR, BUILDING, LAMP, IGNORE = range(9)
STRAIGHT = {"qw": 1, "qx": 0, "qy": 0, "qz": 0}


def annotation(category, position, dimensions, rotation=None):
    return {
        "id": 1,
        "category_id": category,
        "position": dict(zip("xyz", position, strict=True)),
        "dimensions": dict(zip("xyz", dimensions, strict=True)),
        "rotation": rotation or STRAIGHT,
    }


def export(path, *annotations):
    sample = {"labels": {"ground-truth": {"attributes": {"annotations": list(annotations)}}}}
    path.write_text(json.dumps({"dataset": {"samples": [sample]}}))
    return path


@pytest.fixture
def labeller(tmp_path):
    def make(*annotations):
        cuboids = read_cuboids(export(tmp_path / "cuboids.json", *annotations))
        return CuboidLabeller(cuboids, CuboidRules.load("viking_hill"))

    return make


def points(*xyz):
    return np.array(xyz, np.float32)


def test_a_point_has_the_class_of_the_cuboid_that_holds_it(labeller):
    tree = labeller(annotation(TRUNK, (10, 0, 1), (0.5, 0.5, 2)))
    found = tree.label(points((10, 0, 1), (10.25, 0.25, 2), (10.3, 0, 1), (10, 0, 2.1)))
    assert found.tolist() == [TRUNK, TRUNK, GROUND, GROUND]


@pytest.mark.parametrize("reverse", [False, True])
def test_of_overlapping_cuboids_the_priority_decides_whatever_their_order(labeller, reverse):
    boxes = [annotation(c, (0, 0, 0), (2, 2, 2)) for c in range(1, 8)]
    order = [ROCK, LAMP, TRUNK, CAR, BUSH, BUILDING, CANOPY]
    for n in range(7):
        remaining = [box for box in boxes if box["category_id"] in order[n:]]
        chosen = labeller(*(reversed(remaining) if reverse else remaining))
        assert chosen.label(points((0.5, 0.5, 0.5))).tolist() == [order[n]]


def test_an_object_inside_of_an_ignored_region_keeps_its_name(labeller):
    both = labeller(
        annotation(CANOPY, (0, 0, 0), (2, 2, 2)), annotation(IGNORE, (0, 0, 0), (8, 8, 8))
    )
    assert both.label(points((0, 0, 0), (3, 0, 0))).tolist() == [CANOPY, IGNORE]


def test_a_turned_cuboid(labeller):
    eighth = math.pi / 8
    turned = {"qw": math.cos(eighth), "qx": 0, "qy": 0, "qz": math.sin(eighth)}
    wall = labeller(annotation(BUILDING, (5, 5, 0), (4, 0.2, 2), turned))
    # 45 degrees about z: along the diagonal it is held, along x it is not.
    assert wall.label(points((6.2, 6.2, 0), (6.7, 5, 0))).tolist() == [BUILDING, GROUND]


def test_inflation_moves_every_face_outwards(labeller):
    tree = labeller(annotation(TRUNK, (10, 0, 1), (0.5, 0.5, 2)))
    near = points((10.5, 0, 1), (10, 0.6, 1), (10, 0, 2.29))
    assert tree.label(near).tolist() == [GROUND] * 3
    assert tree.label(near, inflation_m=0.3).tolist() == [TRUNK, GROUND, TRUNK]


def test_points_that_are_not_finite_are_background(labeller):
    tree = labeller(annotation(TRUNK, (0, 0, 0), (9, 9, 9)))
    assert tree.label(points((np.nan, 0, 0), (0, 0, 0))).tolist() == [GROUND, TRUNK]
    assert tree.label(points((np.nan, 0, 0))).tolist() == [GROUND]
    assert labeller().label(points((0, 0, 0))).tolist() == [GROUND]


@given(st.integers(0, 2**32 - 1))
def test_as_each_point_asks_each_cuboid(seed):
    random = np.random.default_rng(seed)
    count = 12
    turns, _ = np.linalg.qr(random.normal(size=(count, 3, 3)))
    cuboids = Cuboids(
        random.uniform(-5, 5, (count, 3)),
        turns,
        random.uniform(0.5, 5, (count, 3)),
        random.integers(1, 8, count),
    )
    xyz = random.uniform(-7, 7, (60, 3))
    priority = [ROCK, LAMP, TRUNK, CAR, BUSH, BUILDING, CANOPY]
    expected = []
    for point in xyz:
        local = np.einsum("nji,nj->ni", turns, point - cuboids.centers)
        holding = cuboids.classes[(np.abs(local) <= cuboids.extents / 2).all(axis=1)]
        expected.append(min(holding.tolist(), key=priority.index, default=GROUND))
    rules = CuboidRules.load("viking_hill")
    assert CuboidLabeller(cuboids, rules).label(xyz).tolist() == expected


def test_what_is_no_export_is_refused(tmp_path):
    path = tmp_path / "cuboids.json"
    with pytest.raises(DatasetError, match="can't be read"):
        read_cuboids(path)
    path.write_text("{}")
    with pytest.raises(DatasetError, match=r"expected a segments.ai export .*KeyError"):
        read_cuboids(path)
    export(path, annotation(TRUNK, (0, 0, 0), (1, 1, 1), dict.fromkeys(STRAIGHT, 0)))
    with pytest.raises(DatasetError, match="quaternion"):
        read_cuboids(path)


def test_a_class_without_rank_is_refused(labeller):
    with pytest.raises(DatasetError, match=r"cuboids of class \[9\]"):
        labeller(annotation(9, (0, 0, 0), (1, 1, 1)))
