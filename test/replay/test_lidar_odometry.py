"""The robot's motion from its lidar."""

import sys

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.errors import ConfigError
from seg_perception.core.types import PointCloud
from seg_perception.geometry.transforms import StampedTransform, TransformTree
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.pointcloud2 import encode_cloud
from seg_perception.io.remapped_bag import RemappedBag
from seg_perception.io.transforms import decode_tf, encode_tf
from seg_perception.replay import ReplayOptions, lidar_odometry, replay
from seg_perception.replay.lidar_odometry import FRAME, find_motion, with_odometry
from test.fixtures.lidar_room import (
    LAYOUT,
    MOUNT,
    PERIOD_NS,
    PILLARS,
    SCANS,
    START_NS,
    pose,
    scan,
    write,
)


@pytest.fixture(scope="module")
def clouds():
    return [encode_cloud(scan(number)) for number in range(SCANS)]


CONFIG = {
    "cameras": ["front"],
    "camera.front.image_topic": "/image",
    "lidars": ["top"],
    "lidar.top.topic": "/points",
}


def config(**changed):
    return Config.from_parameters({**CONFIG, **changed})


def motion_of(found):
    """The motion's transforms, as whoever reads the bag gets them."""
    tree, seen = TransformTree(buffer_s=100), []
    with BagReader(found.bag) as reader:
        for message in reader.messages({"/tf"}):
            for each in decode_tf(message.message):
                tree.set_timed(each.parent, each.child, each.stamp_ns, each.T_parent_child)
                seen.append((message.log_time_ns, each))
    return tree, seen


kiss = pytest.importorskip("kiss_icp", reason="kiss-icp is not installed: the extra odometry")


def errors_m(found):
    tree, _ = motion_of(found)
    times = [START_NS + number * PERIOD_NS for number in range(SCANS)]
    true = np.linalg.inv(pose(0))
    return [
        np.linalg.norm((tree.lookup(FRAME, "base", t) - true @ pose((t - START_NS) * 1e-9))[:3, 3])
        for t in times
    ]


def test_a_lidar_tells_where_its_robot_went(tmp_path, clouds):
    bag = write(tmp_path / "a.mcap", clouds)
    found = find_motion(bag, config(), tmp_path / "motion.mcap")
    # 2.2 m of way; the voxels that are matched have a metre.
    assert max(errors_m(found)) < 0.08
    tree, _ = motion_of(found)
    turn = tree.lookup(FRAME, "base", START_NS + (SCANS - 1) * PERIOD_NS)
    assert np.arctan2(turn[1, 0], turn[0, 0]) == pytest.approx(0.6 * 1.1, abs=0.02)
    assert found.config.transforms.fixed_frame == FRAME
    (note,) = found.issues
    assert (note.code, note.level) == ("lidar_odometry", "note")
    assert "12 scans, 2." in str(note)


class TrueOdometry:
    """Knows where the lidar is, and keeps what it is given."""

    given = ()

    def __init__(self, min_range_m):
        del min_range_m
        self.scans = TrueOdometry.given = []

    def register(self, xyz, T_last_guess):
        del T_last_guess
        self.scans.append(xyz)
        return np.linalg.inv(pose(0) @ MOUNT) @ pose((len(self.scans) - 1) * 0.1) @ MOUNT


def off_the_room_m(xyz, T):
    """How far points lie beside the walls and pillars at most."""
    x, y, z = (xyz @ T[:3, :3].T + T[:3, 3]).T
    walls = [abs(abs(x) - 12), abs(abs(y) - 8), abs(z + 1), abs(z - 4)]
    pillars = [abs(np.hypot(x - px, y - py) - 0.4) for px, py in PILLARS]
    return np.min([*walls, *pillars], axis=0).max()


def test_each_point_is_moved_by_the_time_that_it_carries(tmp_path, clouds, monkeypatch):
    monkeypatch.setattr(lidar_odometry, "KissIcp", TrueOdometry)
    bag = write(tmp_path / "a.mcap", clouds)
    for deskew, off_m in ((True, (0, 0.03)), (False, (0.1, 1.0))):
        settings = {"transforms.deskew": deskew}
        find_motion(bag, config(**settings), tmp_path / f"{deskew}.mcap")
        assert len(TrueOdometry.given) == SCANS
        for number, xyz in enumerate(TrueOdometry.given):
            assert len(xyz) == len(clouds[0].data) // 16 - 1
            assert off_m[0] <= off_the_room_m(xyz, pose(0.1 * number) @ MOUNT) < off_m[1]


def test_the_motion_is_there_before_the_scans_that_need_it(tmp_path, clouds):
    found = find_motion(write(tmp_path / "a.mcap", clouds), config(), tmp_path / "m.mcap")
    _, seen = motion_of(found)
    stamps = [each.stamp_ns for _, each in seen]
    assert stamps == [START_NS + n * PERIOD_NS for n in range(-1, SCANS + 1)]
    assert {(each.parent, each.child) for _, each in seen} == {(FRAME, "base")}
    # A scan is recorded at its end, until when its points reach: the next pose is known then.
    assert all(log_ns <= each.stamp_ns + PERIOD_NS for log_ns, each in seen[2:])


def test_the_same_scans_give_the_same_bytes(tmp_path, clouds):
    bag = write(tmp_path / "a.mcap", clouds)
    for name in ("one", "two"):
        find_motion(bag, config(), tmp_path / f"{name}.mcap")
    assert (tmp_path / "one.mcap").read_bytes() == (tmp_path / "two.mcap").read_bytes()


def test_a_bag_that_has_odometry_is_not_given_another(tmp_path, clouds):
    bag = write(tmp_path / "a.mcap", clouds, moving=True)
    with pytest.raises(ConfigError, match="move lidar in odom, which is its odometry"):
        find_motion(bag, config(), tmp_path / "m.mcap")


def test_other_names_of_tf_are_respected(tmp_path, clouds):
    bag = write(tmp_path / "a.mcap", clouds)
    with BagWriter(tmp_path / "named.mcap") as writer, BagReader(bag) as reader:
        other = encode_tf([StampedTransform("arm", "hand", START_NS, np.eye(4))])
        writer.write("/robot/tf", other, START_NS)
        for message in reader.messages():
            writer.copy(message)
    source = RemappedBag.of(tmp_path / "named.mcap", ["/tf:=/robot/tf"])
    found = find_motion(source, config(), tmp_path / "m.mcap")
    _, seen = motion_of(found)
    assert [each.child for _, each in seen].count("base") == SCANS + 2


def test_scans_without_returns_are_passed_over_and_too_few_are_said(tmp_path, clouds):
    empty = encode_cloud(PointCloud(np.zeros((1, 500), LAYOUT), START_NS, "lidar"))
    bag = write(tmp_path / "a.mcap", [clouds[0], empty])
    with pytest.raises(ConfigError, match="expected two scans or more of"):
        find_motion(bag, config(), tmp_path / "m.mcap")


def test_a_jump_is_said(tmp_path, clouds):
    """In the middle two seconds are cut out of the scans, but not out of their stamps."""
    later = [encode_cloud(scan(number + 20)) for number in range(6)]
    for number, cloud in enumerate(later):
        stamp_ns = START_NS + (6 + number) * PERIOD_NS
        cloud.header.stamp.sec, cloud.header.stamp.nanosec = divmod(stamp_ns, 1_000_000_000)
    bag = write(tmp_path / "a.mcap", [*clouds[:6], *later])
    found = find_motion(bag, config(), tmp_path / "m.mcap")
    assert [issue.code for issue in found.issues] == ["lidar_odometry", "lidar_odometry_jumps"]


def test_nothing_is_done_where_nothing_is_asked_for(tmp_path):
    with with_odometry(tmp_path / "no.mcap", config(), "") as found:
        assert (found.bag, found.issues) == (tmp_path / "no.mcap", ())


def test_an_unknown_kind_and_a_bag_without_lidar_are_refused(tmp_path, clouds):
    bag = write(tmp_path / "a.mcap", clouds)
    refused = pytest.raises(ConfigError, match=r"expected one of \['kiss-icp'\], got 'wheels'")
    with refused, with_odometry(bag, config(), "wheels"):
        pass
    blind = Config.from_parameters({k: v for k, v in CONFIG.items() if "lidar" not in k})
    with pytest.raises(ConfigError, match="needs a lidar"), with_odometry(bag, blind, "kiss-icp"):
        pass


def test_a_package_that_is_missing_is_named(tmp_path, clouds, monkeypatch):
    monkeypatch.setitem(sys.modules, "kiss_icp.kiss_icp", None)
    bag = write(tmp_path / "a.mcap", clouds)
    with pytest.raises(ConfigError, match="--odometry kiss-icp needs the package"):
        find_motion(bag, config(), tmp_path / "m.mcap")


def test_a_replay_writes_the_motion_as_what_it_is(tmp_path, clouds):
    bag, out = write(tmp_path / "a.mcap", clouds), tmp_path / "out.mcap"
    with with_odometry(bag, config(), "kiss-icp") as found:
        summary = replay(found.bag, out, found.config, ReplayOptions(motion=found.issues))
    assert "lidar_odometry" in [issue.code for issue in summary.issues]
    with BagReader(out) as reader:
        links = [decode_tf(message.message) for message in reader.messages({"/tf"})]
    assert {(each.parent, each.child) for (each,) in links} == {(FRAME, "base")}
    assert len(links) == SCANS + 2
