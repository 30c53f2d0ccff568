"""What a planner hears over real DDS: obstacles of every scan, and a costmap."""

import numpy as np
import pytest

from seg_perception.io import messages
from seg_perception.io.perception_messages import SegmentationStatus
from seg_perception.io.pointcloud2 import decode_cloud

pytestmark = pytest.mark.ros

OBSTACLES, COSTMAP = "/top/semantic/obstacles", "/perception_node/costmap"


def test_blocking_points_and_costs_arrive(ros, robot, parameters, wait_until):
    obstacles = robot.listen(OBSTACLES, messages.PointCloud2.type_name)
    costmaps = robot.listen(COSTMAP, messages.OccupancyGrid.type_name)
    statuses = robot.listen("/perception_node/status", SegmentationStatus.type_name)
    robot.advertise()
    wishes = {"costmap.obstacles": True, "costmap.grid": True, "map.enabled": True}
    sizes = {"map.period_s": 0.05, "costmap.cell_m": 1.0, "costmap.min_confidence": 0.2}
    file = parameters(**wishes, **sizes)
    process = ros.start("perception_node", "--ros-args", "--params-file", file)
    robot.wait_until_heard()
    robot.send("/front/camera_info", robot.camera_info(robot.now_ns()))
    wait_until(
        lambda: statuses and not any("camera_info" in w for w in statuses[-1].warnings),
        "camera_info",
    )
    begin = robot.now_ns()
    robot.step(begin)
    wait_until(lambda: obstacles and costmaps, "the planner's messages")
    cloud = decode_cloud(obstacles[0])
    # Blue is impassable: the point at y = -2.
    np.testing.assert_allclose(cloud.xyz, [[4, -2, 0]])
    assert cloud.stamp_ns == begin
    grid = costmaps[0]
    costs = np.array(grid.data).reshape(grid.info.height, grid.info.width)
    x, y = grid.info.origin.position.x, grid.info.origin.position.y
    seen = {(column + x, row + y): int(costs[row, column]) for row, column in
            np.argwhere(costs >= 0)}  # fmt: skip
    assert seen == {(4.0, 2.0): 0, (4.0, 0.0): 40, (4.0, -2.0): 100}
    assert (grid.header.frame_id, costs.shape) == ("odom", (40, 40))
    code, _, err = process.end()
    assert code == 0, err


def test_a_costmap_without_a_map_stops_configure(ros, robot, parameters, wait_until):
    arrays = robot.listen("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray")
    file = parameters(**{"costmap.grid": True})
    process = ros.start("perception_node", "--ros-args", "--params-file", file)
    wait_until(
        lambda: any("set map.enabled: true" in s.message for a in arrays for s in a.status),
        "the reason",
    )
    process.end()
