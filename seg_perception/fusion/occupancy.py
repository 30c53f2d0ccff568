"""A costmap from the voxel map: what a planner may drive over.

Nothing is free that was not seen to be: a cell without voxels is unseen, and so is one whose
ground is known with too little confidence. What hangs higher above the ground than the robot
is tall does not block; where the ground is not known, everything counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.config import CostmapConfig
from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.fusion.voxels import Voxels

# nav_msgs/OccupancyGrid: 0 to 100, and -1 where nothing is known.
FREE, LETHAL, UNSEEN = 0, 100, -1
_HIGH = np.float32(np.inf)


@dataclass(frozen=True, eq=False)
class Occupancy:
    """A grid of costs.

    Attributes:
        costs: int8 (rows, columns), 0 to 100, -1 unseen; rows along y, columns along x.
        origin_xy: float64 (2,), metre, the corner of cell (0, 0) in the map's frame.
        cell_m: edge of a cell.
        stamp_ns: of the newest scan in it.
    """

    costs: NDArray[np.int8]
    origin_xy: NDArray[np.float64]
    cell_m: float
    stamp_ns: int


@dataclass(frozen=True, eq=False)
class _Cells:
    """Voxels of a window, each in its cell.

    Attributes:
        shape: rows and columns of the window.
        index: int64 (N,), cell of each voxel.
        z: float32 (N,), metre.
        cost: int8 (N,), of its class.
        sure: bool (N,), confident enough to drive on.
    """

    shape: tuple[int, int]
    index: NDArray[np.int64]
    z: NDArray[np.float32]
    cost: NDArray[np.int8]
    sure: NDArray[np.bool_]

    def only(self, wanted: NDArray[np.bool_]) -> _Cells:
        return _Cells(
            self.shape,
            self.index[wanted],
            self.z[wanted],
            self.cost[wanted],
            self.sure[wanted],
        )


def occupancy(voxels: Voxels, costs: NDArray[np.int8], config: CostmapConfig) -> Occupancy:
    """The costmap of a square around the robot.

    Args:
        voxels: the map.
        costs: int8 (ids,), by class id, as `cost_table` makes it.
        config: sizes and limits.
    """
    size = math.ceil(config.size_m / config.cell_m)
    # Cells keep their places while the robot moves.
    first = np.floor(voxels.centre[:2] / config.cell_m).astype(np.int64) - size // 2
    cells = _sort(voxels, first, size, costs, config)
    ground_m = _ground(cells)
    cells = cells.only(~(cells.z > ground_m.take(cells.index) + config.clearance_m))
    return Occupancy(
        _worst(cells).reshape(cells.shape),
        first.astype(np.float64) * config.cell_m,
        config.cell_m,
        voxels.stamp_ns,
    )


def cost_table(config: CostmapConfig, ontology: Ontology) -> NDArray[np.int8]:
    """Cost by class id, int8 (256 or 65536,): 0 to 100; -1 where a class does not count.

    Raises:
        ConfigError: no such grouping or group, or a cost that is none.
    """
    _expect_grouping(config, ontology)
    costs = _parse_costs(config, ontology)
    groups = ontology.group_ids(config.grouping)
    table = np.full(ontology.unknown_id + 1, UNSEEN, np.int8)
    for index, name in enumerate(ontology.group_names(config.grouping)):
        table[groups == index] = costs.get(name, UNSEEN)
    return table


def _sort(
    voxels: Voxels,
    first: NDArray[np.int64],
    size: int,
    costs: NDArray[np.int8],
    config: CostmapConfig,
) -> _Cells:
    column, row = (np.floor(voxels.xyz[:, :2] / config.cell_m).astype(np.int64) - first).T
    cost = costs.take(voxels.labels)
    inside = (column >= 0) & (column < size) & (row >= 0) & (row < size) & (cost != UNSEEN)
    every = _Cells(
        (size, size),
        row * size + column,
        voxels.xyz[:, 2].astype(np.float32),
        cost,
        voxels.confidence >= config.min_confidence,
    )
    return every.only(inside)


def _ground(cells: _Cells) -> NDArray[np.float32]:
    """Height of the ground by cell: its lowest voxel that can be driven on, else a neighbour's.

    Infinite where none is known, so that nothing hangs above it.
    """
    drivable = cells.cost < LETHAL
    lowest = np.full(cells.shape[0] * cells.shape[1], _HIGH, np.float32)
    np.minimum.at(lowest, cells.index[drivable], cells.z[drivable])
    grid = lowest.reshape(cells.shape)
    around = np.asarray(cv2.erode(grid, np.ones((5, 5), np.uint8)))
    return np.where(np.isinf(grid), around, grid).reshape(-1)


def _worst(cells: _Cells) -> NDArray[np.int8]:
    """The largest cost of each cell; unseen unless something in it is sure, or lethal."""
    worst = np.full(cells.shape[0] * cells.shape[1], UNSEEN, np.int8)
    counted = cells.sure | (cells.cost == LETHAL)
    np.maximum.at(worst, cells.index[counted], cells.cost[counted])
    # A voxel that is not sure may be worse than its neighbour in the cell says.
    doubtful = np.full(worst.shape, UNSEEN, np.int8)
    np.maximum.at(doubtful, cells.index[~cells.sure], cells.cost[~cells.sure])
    worst[(doubtful > worst) & (worst != LETHAL)] = UNSEEN
    return worst


def _expect_grouping(config: CostmapConfig, ontology: Ontology) -> None:
    if config.grouping in ontology.groupings:
        return
    known = ", ".join(ontology.groupings) or "none"
    msg = (
        f"costmap.grouping: the costs of a costmap and its obstacles are by group of "
        f"{config.grouping}, which the model's ontology {ontology.name} lacks (it has: {known}): "
        "add it to the model's ontology, name another grouping, or switch costmap.grid and "
        "costmap.obstacles off"
    )
    raise ConfigError(msg)


def _parse_costs(config: CostmapConfig, ontology: Ontology) -> dict[str, int]:
    known = ontology.group_names(config.grouping)
    costs = {}
    for entry in config.costs:
        name, _, number = entry.partition("=")
        if name not in known or not number.isdecimal() or int(number) > LETHAL:
            msg = (
                f"costmap.costs: expected GROUP=0 to 100 with groups of {config.grouping} "
                f"({', '.join(known)}), got {entry!r}"
            )
            raise ConfigError(msg)
        costs[name] = int(number)
    return costs
