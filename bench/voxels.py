"""A scan of 131,072 labelled points into the voxel map, what the map remembers, clears and tells.

Against np.unique of the same keys, a search for them in a sorted list, a picture of all ranges, and
a message of the whole map.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.rows import BenchRow, compare
from bench.transfer import full_turn
from seg_perception.config import MapConfig
from seg_perception.core.ontology import Ontology
from seg_perception.fusion.voxel_map import VoxelMap
from seg_perception.fusion.voxel_table import VoxelGrid
from seg_perception.outputs.clouds import map_message, map_update_message

_CLASSES = 64
_SPEED_M = 0.1
# As `LabelMemory` asks for in a scan.
_CLEARED_AT_ONCE = 20_000
# What a second of driving changes.
_TOLD_AT_ONCE = 50_000
# Things are so large, and so many of their points get the label of another.
_THING_M, _WRONG = 2.0, 0.1


def run() -> list[BenchRow]:
    """Measure one scan of a robot that drives: most of its voxels are known already."""
    random = np.random.default_rng(0)
    xyz = full_turn().astype(np.float64)
    labels = _things(xyz)
    wrong = random.random(len(xyz)) < _WRONG
    labels[wrong] = random.integers(0, _CLASSES, np.count_nonzero(wrong))
    confidence = random.random(len(xyz), np.float32)
    voxels = VoxelMap(MapConfig(), _CLASSES)
    robot = np.zeros(3)
    grid = VoxelGrid(MapConfig().voxel_m, robot)
    keys, _ = grid.keys(xyz)

    def drive() -> None:
        robot[0] += _SPEED_M
        voxels.add(xyz + robot, labels, confidence, robot, 0)

    def remember() -> object:
        T = np.eye(4)
        T[:3, 3] = robot
        return voxels.look_up(xyz.astype(np.float32, copy=False), T)

    def clear() -> None:
        T = np.eye(4)
        T[:3, 3] = robot
        # The same scan as was entered: what it looks through is little, and its cost the usual.
        voxels.clear_rays(xyz, T, _CLEARED_AT_ONCE)

    def search() -> object:
        wanted, _ = grid.keys(xyz + robot)
        place = np.minimum(np.searchsorted(every, wanted), len(every) - 1)
        return labels.take(place), every.take(place) == wanted

    name = "np.unique of the same keys"
    entered = compare(
        "voxel map, 131,072 points", drive, lambda: np.unique(keys), budget=3, name=name
    )
    # Half a million voxels: what a drive of half a minute has seen.
    xyz = xyz.astype(np.float32)
    every = np.sort(grid.keys(voxels.voxels().xyz)[0])
    labels = np.zeros(len(every), np.uint8)
    name = f"np.searchsorted in {len(every):,} sorted keys"
    return [
        entered,
        compare("remembered labels, 131,072 points", remember, search, budget=0.7, name=name),
        compare(
            "ray clearing, 131,072 points",
            clear,
            lambda: _range_picture(xyz),
            budget=1,
            name="a picture of all their ranges",
        ),
        _telling(voxels),
    ]


def _telling(voxels: VoxelMap) -> BenchRow:
    """A message of voxels that changed: what a listener of ~/map_updates costs, and ~/map."""
    ontology = Ontology.load("goose")

    def update() -> object:
        changes = voxels.changes(_TOLD_AT_ONCE, everything=True)
        return map_update_message(changes, ontology, "odom")

    return compare(
        f"changes of {_TOLD_AT_ONCE:,} voxels",
        update,
        lambda: map_message(voxels.voxels(), ontology, "odom"),
        budget=0.5,
        name=f"all {len(voxels):,} voxels",
    )


def _range_picture(xyz: NDArray[np.float32]) -> NDArray[np.float32]:
    """The nearest range of each degree of azimuth and elevation, of points (N, 3), metre."""
    ranges = np.linalg.norm(xyz, axis=1)
    azimuth = np.degrees(np.arctan2(xyz[:, 1], xyz[:, 0])).astype(np.intp) % 360
    elevation = np.degrees(np.arcsin(xyz[:, 2] / np.maximum(ranges, 1e-6))).astype(np.intp) + 90
    nearest = np.full(360 * 181, np.inf, np.float32)
    np.minimum.at(nearest, azimuth * 181 + elevation, ranges)
    return nearest


def _things(xyz: NDArray[np.float64]) -> NDArray[np.uint8]:
    """A class for each thing, (N,), of points, float64 (N, 3), metre."""
    column, row = np.floor(xyz[:, :2].T / _THING_M).astype(np.int64)
    return ((7 * column + 13 * row) % _CLASSES).astype(np.uint8)
