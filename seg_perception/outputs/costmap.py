"""What planners such as Nav2 get: points that block the way, and a costmap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import PointCloud, PointStatus, SemanticCloud, has_label
from seg_perception.fusion.occupancy import LETHAL, Occupancy, cost_table, occupancy
from seg_perception.fusion.voxels import Voxels
from seg_perception.io.messages import (
    Header,
    MapMetaData,
    OccupancyGrid,
    Point,
    PointCloud2,
    Pose,
    Time,
)
from seg_perception.io.pointcloud2 import encode_cloud

OBSTACLE_POINT = np.dtype(
    [*((name, "<f4") for name in "xyz"), ("label", "<u4"), ("confidence", "<f4")]
)
"""A point that blocks the way: place in the sensor's frame (metre), class id, confidence."""


def check_planner(config: Config, ontology: Ontology) -> None:
    """Refuse outputs for a planner that are wanted and can't be made.

    Raises:
        ConfigError: wrong costs, or a costmap without a map.
    """
    if config.costmap.grid and not config.map.enabled:
        msg = "costmap.grid is made of the voxel map; set map.enabled: true too"
        raise ConfigError(msg)
    if config.costmap.grid or config.costmap.obstacles:
        cost_table(config.costmap, ontology)


def obstacles_message(
    semantic: SemanticCloud, costs: NDArray[np.int8], frame: str
) -> PointCloud2 | None:
    """The points of a scan that block the way; perhaps none.

    A planner takes an empty cloud for a free way: where no point of the scan has a label,
    nothing is known, and there is no message at all. Silence lets the planner's watchdog act; a
    scan of which all labels are remembered is nothing known, too. What blocks is in the message
    also where that is remembered, since the point itself was measured now.

    Args:
        semantic: the scan.
        costs: int8 (ids,), by class id.
        frame: the sensor's frame.

    Raises:
        CloudError: points without x, y, z.
    """
    labelled = semantic.status == PointStatus.LABELLED
    if not labelled.any():
        return None
    blocking = np.flatnonzero(has_label(semantic.status) & (costs.take(semantic.labels) == LETHAL))
    points = np.zeros(len(blocking), OBSTACLE_POINT)
    xyz = semantic.cloud.xyz[blocking]
    for axis, name in enumerate("xyz"):
        points[name] = xyz[:, axis]
    points["label"] = semantic.labels[blocking]
    points["confidence"] = semantic.confidence[blocking]
    return encode_cloud(PointCloud(points[None], semantic.cloud.stamp_ns, frame, is_dense=True))


class Costmaps:
    """Costmaps of a voxel map, each time that a scan has changed it."""

    def __init__(self, config: Config, ontology: Ontology) -> None:
        """Read the costs.

        Raises:
            ConfigError: they are wrong.
        """
        self._config = config.costmap
        self._costs = cost_table(config.costmap, ontology)
        self._last_ns = 0

    def newest(self, voxels: Voxels, frame: str) -> OccupancyGrid | None:
        """The costmap of a map; None where no scan came since the last one."""
        if voxels.stamp_ns == self._last_ns:
            return None
        self._last_ns = voxels.stamp_ns
        return costmap_message(occupancy(voxels, self._costs, self._config), frame)


def costmap_message(grid: Occupancy, frame: str) -> OccupancyGrid:
    """A costmap as planners read it."""
    height, width = grid.costs.shape
    corner = Point(float(grid.origin_xy[0]), float(grid.origin_xy[1]), 0.0)
    info = MapMetaData(Time.from_ns(grid.stamp_ns), grid.cell_m, width, height, Pose(corner))
    return OccupancyGrid(Header.at(grid.stamp_ns, frame), info, grid.costs.reshape(-1))
