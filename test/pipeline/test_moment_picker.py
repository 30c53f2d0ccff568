"""Which picture goes with which scan, how often, and when none does."""

import math

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.types import Calibration, CameraFrame, PointCloud
from seg_perception.geometry.transforms import TransformTree
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.frame_convention import FrameConventionDetector
from seg_perception.pipeline.moment_picker import MomentPicker
from seg_perception.pipeline.scan import Scan

MS = 1_000_000
LENS = Calibration(8, 8, np.array([[9.0, 0, 4], [0, 9, 4], [0, 0, 1]]))


def picker(turn_rad_s=0.0, cameras=("front",), interval_s=2.0):
    tree = TransformTree()
    for ms in range(0, 10_000, 20):
        angle, T = turn_rad_s * ms / 1000, np.eye(4)
        T[:2, :2] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
        tree.set_timed("odom", "base", ms * MS, T)
    tree.set_static("base", "camera", np.eye(4))
    tree.set_static("base", "lidar", np.eye(4))
    config = Config.from_parameters(
        {
            "cameras": list(cameras),
            **{f"camera.{name}.image_topic": f"/{name}/image" for name in cameras},
            "lidars": ["top"],
            "lidar.top.topic": "/points",
            "calibration.interval_s": interval_s,
        }
    )
    issues = IssueLog()
    return MomentPicker(config, EgoMotion(config, tree, FrameConventionDetector(config, issues)))


def frame(ms, camera="front", lens=LENS):
    return CameraFrame(camera, np.zeros((8, 8, 3), np.uint8), ms * MS, "camera", lens)


def scan(ms):
    cloud = PointCloud(np.zeros((1, 1), [(n, "<f4") for n in "xyz"]), ms * MS, "lidar")
    return Scan("top", cloud, ms * MS, None, ms * MS)


def stamps(moments):
    return [moment.frame.stamp_ns // MS for moment in moments]


def test_the_nearest_picture_is_taken_once_there_can_be_no_nearer_one():
    one = picker()
    one.see(frame(1100))
    assert one.pick(scan(1050)) == []
    one.see(frame(1200))
    assert stamps(one.pick(scan(1190))) == [1200]
    assert stamps(one.pick(scan(1120))) == [1100]


def test_after_a_moment_the_next_is_due_in_an_interval():
    one = picker()
    one.see(frame(1000))
    moments = one.pick(scan(1010))
    one.next(moments)
    one.see(frame(3000))
    assert one.pick(scan(3000)) == []
    one.see(frame(3010))
    assert stamps(one.pick(scan(3020))) == [3010]


def test_three_cameras_are_looked_at_half_as_often():
    one = picker(cameras=("front", "left", "right"))
    for camera in ("front", "left", "right"):
        one.see(frame(1000, camera))
    moments = one.pick(scan(1000))
    assert [moment.frame.camera for moment in moments] == ["front", "left", "right"]
    one.next(moments)
    one.see(frame(4990))
    assert one.pick(scan(4995)) == []
    one.see(frame(5000))
    assert stamps(one.pick(scan(5005))) == [5000]


def test_no_more_than_four_pictures_are_held_and_none_while_no_moment_is_due():
    one = picker()
    for ms in range(1000, 2000, 30):
        one.see(frame(ms))
    # Of those every 90 ms the last four, though none is from before the scan.
    assert stamps(one.pick(scan(1700))) == [1720]
    one.next(one.pick(scan(1700)))
    one.see(frame(2000))
    assert one.pick(scan(2000)) == []


@pytest.mark.parametrize(("turn_rad_s", "count"), [(0.1, 1), (-0.1, 1), (0.3, 0)])
def test_a_robot_that_turns_fast_shows_its_clock_and_is_not_looked_at(turn_rad_s, count):
    one = picker(turn_rad_s)
    one.see(frame(1000))
    assert len(one.pick(scan(1000))) == count


def test_without_a_lens_a_stamp_or_a_transform_there_is_no_moment():
    one = picker()
    one.see(frame(1000, lens=None))
    one.see(frame(0))
    assert one.pick(scan(1000)) == []
    one.see(frame(30_000))
    assert one.pick(scan(30_000)) == []


def test_a_clock_that_jumps_makes_all_due():
    one = picker()
    one.see(frame(9000))
    one.next(one.pick(scan(9000)))
    one.clear()
    one.see(frame(1000))
    assert stamps(one.pick(scan(1000))) == [1000]
