"""What a planner reads: obstacles of a scan, costmaps; silence where nothing is known."""

from __future__ import annotations

import numpy as np
import pytest

from seg_perception.config import Config, CostmapConfig
from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import PointCloud, PointStatus, SemanticCloud
from seg_perception.fusion.occupancy import cost_table
from seg_perception.fusion.voxels import Voxels
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.outputs.costmap import Costmaps, check_planner, obstacles_message

ONTOLOGY = Ontology.load("field")
ROAD, TRUNK, SKY = (ONTOLOGY.ids[name] for name in ("road", "trunk", "sky"))
COSTS = cost_table(CostmapConfig(), ONTOLOGY)
LABELLED, HIDDEN = int(PointStatus.LABELLED), int(PointStatus.OCCLUDED)


def scan(labels, status):
    points = np.zeros((1, len(labels)), [(name, "<f4") for name in "xyz"])
    points["x"] = np.arange(len(labels))
    return SemanticCloud(
        sensor="top",
        cloud=PointCloud(points, 5, "lidar", is_dense=True),
        labels=np.array(labels, np.uint8),
        confidence=np.full(len(labels), 0.5, np.float32),
        status=np.array(status, np.uint8),
        sources=np.zeros(len(labels), np.uint8),
        cameras=("front",),
    )


def test_obstacles_are_the_labelled_points_that_block():
    message = obstacles_message(
        scan([ROAD, TRUNK, SKY, TRUNK], [LABELLED, LABELLED, LABELLED, HIDDEN]), COSTS, "lidar"
    )
    cloud = decode_cloud(message)
    assert cloud.xyz.tolist() == [[1, 0, 0]]
    assert cloud.points["label"].tolist() == [[TRUNK]]
    assert (cloud.stamp_ns, cloud.frame_id) == (5, "lidar")


def test_a_free_way_is_an_empty_cloud_and_an_unknown_one_is_silence():
    assert obstacles_message(scan([ROAD], [LABELLED]), COSTS, "lidar").width == 0
    assert obstacles_message(scan([ROAD], [HIDDEN]), COSTS, "lidar") is None


def test_what_blocks_is_an_obstacle_though_remembered_and_what_is_free_frees_nothing():
    recalled = int(PointStatus.REMEMBERED)
    message = obstacles_message(
        scan([ROAD, TRUNK, ROAD], [LABELLED, recalled, recalled]), COSTS, "lidar"
    )
    assert decode_cloud(message).xyz.tolist() == [[1, 0, 0]]
    # Nothing is seen now: no empty cloud, which a planner takes for a free way, and no clouds
    # of a camera that ended.
    for label in (ROAD, TRUNK):
        assert obstacles_message(scan([label], [recalled]), COSTS, "lidar") is None


def test_a_costmap_is_made_once_for_each_scan():
    config = Config.from_parameters({"costmap.size_m": 2.0, "costmap.cell_m": 1.0})
    costmaps = Costmaps(config, ONTOLOGY)
    voxels = Voxels(
        xyz=np.array([[0.5, -0.5, 0.0]]),
        labels=np.array([ROAD], np.uint8),
        confidence=np.ones(1, np.float32),
        counts=np.ones(1, np.uint32),
        stamp_ns=3 * 10**9,
        centre=np.zeros(3),
    )
    grid = costmaps.newest(voxels, "odom")
    assert (grid.info.width, grid.info.height, grid.info.resolution) == (2, 2, 1.0)
    assert (grid.info.origin.position.x, grid.info.origin.position.y) == (-1.0, -1.0)
    assert grid.data.tolist() == [-1, 0, -1, -1]
    assert (grid.header.stamp.sec, grid.header.frame_id) == (3, "odom")
    assert costmaps.newest(voxels, "odom") is None


def test_wrong_wishes_are_refused():
    with pytest.raises(ConfigError, match=r"set map\.enabled: true"):
        check_planner(Config.from_parameters({"costmap.grid": True}), ONTOLOGY)
    wrong = {"costmap.obstacles": True, "costmap.costs": ["swamp=100"]}
    with pytest.raises(ConfigError, match="got 'swamp=100'"):
        check_planner(Config.from_parameters(wrong), ONTOLOGY)
    check_planner(Config.from_parameters({"costmap.costs": ["swamp=100"]}), ONTOLOGY)
