"""A bag of the simulator's depth camera, inspected, and played live to what that proposes."""

from __future__ import annotations

import numpy as np
import pytest

from seg_perception.inspection import inspect_bag
from seg_perception.io import messages
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.simulation import streams
from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.world import World

pytestmark = pytest.mark.ros
pytest.importorskip("embreex", reason="the simulator needs the package embreex")

POINTS = "/camera/front/semantic/points"


@pytest.fixture
def bag(tmp_path):
    """Eight tenths of a second with pictures, depths, tf and nothing else."""
    size = {"camera_width": 160, "camera_height": 90}
    world = World(SimulationConfig(duration_s=0.8, depth_camera=True, **size))
    wanted = (streams.static_transforms, streams.motion, streams.camera_frames)
    sent = [message for stream in wanted for message in stream(world)]
    path = tmp_path / "drive.mcap"
    with BagWriter(path) as writer:
        for one in sorted(sent, key=lambda message: message.log_time_ns):
            writer.write(one.topic, one.message, one.log_time_ns, one.latched)
    return path


def test_a_simulated_drive_with_a_depth_camera_is_labelled_live(
    ros, robot, bag, parameters, wait_until
):
    found = dict(inspect_bag(bag).parameters)
    assert found["camera.front.depth_topic"] == "/camera/front/depth/image_raw"
    unsaid = dict.fromkeys(("lidars", "lidar.top.topic"))
    file = parameters(**{**unsaid, **found, "synchronizer.max_wait_s": 5.0})
    clouds = robot.listen(POINTS, messages.PointCloud2.type_name)
    process = ros.start(
        "perception_node", "--ros-args", "--params-file", file, "-p", "use_sim_time:=true"
    )
    play = ("--clock", "--wait-for", "/camera/front/depth/image_raw", "--loop", "--rate", "0.5")
    ros.start("bag_player", bag, *play)

    def labelled() -> bool:
        return any((decode_cloud(c).points["label"] != 255).any() for c in list(clouds))

    wait_until(labelled, "labelled points")
    one = next(c for c in map(decode_cloud, clouds) if (c.points["label"] != 255).any())
    known = one.points["label"] != 255
    depth_m = one.points["z"]
    assert one.frame_id == "camera_front_optical"
    assert np.isfinite(depth_m[known]).all()
    assert 0.3 < depth_m[known].min() < depth_m[known].max() <= 10.0
    summary = process.account()
    assert summary["streams"]["depth.front"]["published"] >= 1
