"""Where the robot believes to be: the truth, or an odometry that drifts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import numpy as np

from bench.memory.recording import DRIVE_S, SPEED_MPS, STAMP_NS, STEP_S, Recording
from seg_perception.config import Config
from seg_perception.core.types import NANOSECONDS, PointCloud
from seg_perception.geometry.transforms import StampedTransform, TransformTree
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.images import encode_rgb
from seg_perception.io.pointcloud2 import encode_cloud
from seg_perception.io.transforms import decode_tf, encode_tf
from seg_perception.replay.lidar_odometry import find_motion
from seg_perception.simulation import rig
from seg_perception.simulation.shapes import Array


class Odometry(Protocol):
    """Poses of a drive."""

    @property
    def name(self) -> str:
        """Of the row."""
        ...

    def poses(self, recording: Recording) -> tuple[Array, Array]:
        """Times (n,), second, and T_odom_base (n, 4, 4)."""
        ...


@dataclass(frozen=True)
class Drifting:
    """Every piece of the way is measured wrong by a share of its length, half ahead, half aside.

    Attributes:
        share: 0 is the truth.
    """

    share: float = 0.0

    @property
    def name(self) -> str:
        """Of the row."""
        return f"drift of {100 * self.share:g} % of the way" if self.share else "true odometry"

    def poses(self, recording: Recording) -> tuple[Array, Array]:
        """Times (n,), second, and T_odom_base (n, 4, 4); the way between the visits counts."""
        time_s, poses = recording.poses
        steps = np.diff(poses[:, :3, 3], axis=0)
        # From the end of the drive to its beginning the robot went a loop that was not recorded.
        gap = int(np.argmax(np.diff(time_s)))
        steps[gap] = (time_s[gap + 1] - time_s[gap]) * SPEED_MPS * poses[gap, :3, 0]
        aside = np.cross(np.array([0.0, 0.0, 1.0]), steps)
        wrong = self.share / np.sqrt(2) * (steps + aside)
        drifted = poses.copy()
        drifted[1:, :3, 3] += np.cumsum(wrong, axis=0)
        return time_s, drifted


TRUE = Drifting()
DRIFTS = (Drifting(0.01), Drifting(0.02), Drifting(0.05))


@dataclass(frozen=True)
class LidarOdometry:
    """What KISS-ICP finds in the scans of the first half minute; nothing after it."""

    @property
    def name(self) -> str:
        """Of the row."""
        return "KISS-ICP's odometry"

    def poses(self, recording: Recording) -> tuple[Array, Array]:
        """Times (n,), second, and T_odom_base (n, 4, 4), at the scans."""
        file = recording.folder / "kiss_icp.npz"
        if not file.exists():
            time_s, poses = self._find(recording)
            np.savez(file, time_s=time_s, T_odom_base=poses)
        with np.load(file) as found:
            return found["time_s"], found["T_odom_base"]

    def drift(self, recording: Recording) -> tuple[float, float]:
        """Way that was driven (metre), and by how much the end is off, from the start."""
        true = TransformTree(buffer_s=1e3)
        for time_s, T in zip(*recording.poses, strict=True):
            true.set_timed("odom", "base", STAMP_NS + round(time_s * NANOSECONDS), T)
        time_s, found = self.poses(recording)
        inside = (time_s >= 0) & (time_s <= DRIVE_S - STEP_S)
        stamps = STAMP_NS + np.rint(time_s[inside] * NANOSECONDS).astype(np.int64)
        went = true.lookup_all("odom", "base", stamps)
        found = found[inside]
        off = np.linalg.inv(np.linalg.inv(went[0]) @ went[-1]) @ np.linalg.inv(found[0]) @ found[-1]
        way_m = np.linalg.norm(np.diff(went[:, :3, 3], axis=0), axis=1).sum()
        return float(way_m), float(np.linalg.norm(off[:3, 3]))

    def _find(self, recording: Recording) -> tuple[Array, Array]:
        config = Config.from_parameters(
            {
                "cameras": ["front"],
                "camera.front.image_topic": "/image",
                "lidars": ["top"],
                "lidar.top.topic": "/points",
            }
        )
        with TemporaryDirectory() as folder:
            bag = Path(folder) / "scans.mcap"
            self._write(recording, bag)
            found = find_motion(bag, config, Path(folder) / "motion.mcap")
            with BagReader(found.bag) as reader:
                links = [
                    link
                    for message in reader.messages({"/tf"})
                    for link in decode_tf(message.message)
                ]
        time_s = np.array([(link.stamp_ns - STAMP_NS) / NANOSECONDS for link in links])
        return time_s, np.stack([link.T_parent_child for link in links])

    def _write(self, recording: Recording, path: Path) -> None:
        with BagWriter(path) as bag:
            link = StampedTransform("base_link", "lidar", STAMP_NS, np.asarray(rig.T_BASE_LIDAR))
            bag.write("/tf_static", encode_tf([link]), STAMP_NS, latched=True)
            picture = encode_rgb(np.zeros((16, 16, 3), np.uint8), STAMP_NS, "camera")
            bag.write("/image", picture, STAMP_NS)
            for step in recording.steps():
                if step.time_s >= DRIVE_S:
                    return
                cloud = PointCloud(step.points, step.stamp_ns, "lidar", is_dense=True)
                bag.write("/points", encode_cloud(cloud), step.stamp_ns + NANOSECONDS // 10)
