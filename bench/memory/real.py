"""`python -m bench.memory.real DATA`: a recorded drive without odometry, with KISS-ICP's.

DATA holds kitti_drive. Its moments become a bag, whose motion is found in its scans; then the core
labels it with the default model, and remembers. There is no truth: what is said is how far what is
remembered of a place agrees with what a camera sees there later. Pictures of the last scan without
and with memory, and the bag and what `seg-perception replay` makes of it, lie in the output.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.memory.picture import write_png
from seg_perception.config import Config
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import Calibration, PointCloud, PointStatus, SemanticCloud
from seg_perception.fusion.voxel_map import VoxelMap
from seg_perception.geometry.transforms import StampedTransform, TransformTree
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.camera_info import encode_camera_info
from seg_perception.io.images import encode_rgb
from seg_perception.io.pointcloud2 import decode_cloud, encode_cloud
from seg_perception.io.transforms import decode_tf, encode_tf
from seg_perception.pipeline.label_memory import staying_classes
from seg_perception.replay import ReplayOptions, replay
from seg_perception.replay.lidar_odometry import FRAME, with_odometry

_START_NS, _PERIOD_NS = 1_000_000_000_000, 100_000_000
_CAMERA, _LIDAR = "camera", "velodyne"
_MIN_CONFIDENCE = 0.35


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(prog="bench.memory.real")
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/bench_memory_real"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    bag, labelled = options.output / "kitti_drive.mcap", options.output / "labelled.mcap"
    if not bag.exists():
        write_bag(options.data / "kitti_drive", bag)
    labelled.unlink(missing_ok=True)
    with with_odometry(bag, _config(), "kiss-icp") as found:
        for issue in found.issues:
            print(issue)
        replay(found.bag, labelled, found.config, ReplayOptions(motion=found.issues))
    _report(labelled, options.output)


def write_bag(folder: Path, path: Path) -> None:
    """The moments of a folder as a bag: pictures, scans, lens and mounting; no motion."""
    calib = dict(
        line.partition(":")[::2] for line in (folder / "calib.txt").read_text().splitlines()
    )
    P, R, T = (
        np.array(calib[name].split(), float).reshape(3, -1)
        for name in ("P_rect_02", "R_rect_00", "Tr_velo_to_cam")
    )
    lens = Calibration(1242, 375, P[:, :3], "plumb_bob", np.zeros(5), p=P)
    # The rectified camera 0 is where P begins.
    T_camera_lidar = np.vstack([R @ T, [0, 0, 0, 1]])
    with BagWriter(path) as bag:
        link = StampedTransform(_LIDAR, _CAMERA, _START_NS, np.linalg.inv(T_camera_lidar))
        bag.write("/tf_static", encode_tf([link]), _START_NS, latched=True)
        for number in range(60):
            stamp_ns = _START_NS + number * _PERIOD_NS
            picture = cv2.imread(str(folder / "image" / f"{number:03d}.jpg"))
            rgb = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
            with np.load(folder / "points" / f"{number:03d}.npz") as file:
                xyz = (file["xyz_5mm"] * np.float32(0.005)).astype(np.float32)
            points = np.zeros((1, len(xyz)), [(name, "<f4") for name in "xyz"])
            for axis, name in enumerate("xyz"):
                points[name] = xyz[:, axis]
            bag.write("/camera/camera_info", encode_camera_info(lens, stamp_ns, _CAMERA), stamp_ns)
            bag.write("/camera/image_rect", encode_rgb(rgb, stamp_ns, _CAMERA), stamp_ns)
            cloud = PointCloud(points, stamp_ns, _LIDAR, is_dense=True)
            bag.write("/velodyne/points", encode_cloud(cloud), stamp_ns + 1)


@dataclass
class _Agreement:
    """Places that were remembered and are seen now."""

    known: int = 0
    same: int = 0


def _report(labelled: Path, output: Path) -> None:
    """Shares by second, agreement, and the last scan from above."""
    ontology = Ontology.load("field")
    scans = list(_scans(labelled))
    voxels = VoxelMap(_config().map, ontology.id_count)
    stays = staying_classes(ontology)
    agreement = _Agreement()
    print("| after | seen | remembered | together |\n|---|---|---|---|")
    for number, (T, semantic) in enumerate(scans):
        _compare(voxels, stays, T, semantic, agreement)
        if number % 10 == 9:
            total = len(semantic.cloud)
            seen, recalled = (
                semantic.count(status) for status in (PointStatus.LABELLED, PointStatus.REMEMBERED)
            )
            shares = (100 * part / total for part in (seen, recalled, seen + recalled))
            print(f"| {(number + 1) / 10:g} s | {' | '.join(f'{s:.1f}' for s in shares)} |")
    share = 100 * agreement.same / max(agreement.known, 1)
    print(f"remembered places that are seen now: {agreement.known}, same class {share:.1f} %")
    write_png(output / "memory.png", scans[-1][1], ontology)


def _compare(
    voxels: VoxelMap,
    stays: NDArray[np.bool_],
    T: NDArray[np.float64],
    semantic: SemanticCloud,
    agreement: _Agreement,
) -> None:
    """Ask about the places of seen points before they vote."""
    seen = np.flatnonzero(semantic.status == PointStatus.LABELLED)
    xyz, labels = semantic.cloud.xyz[seen], semantic.labels[seen]
    said, confidence = voxels.look_up(xyz, T)
    known = (confidence >= _MIN_CONFIDENCE) & stays.take(said)
    agreement.known += int(known.sum())
    agreement.same += int((known & (said == labels)).sum())
    placed = xyz.astype(np.float64) @ T[:3, :3].T + T[:3, 3]
    stamp_ns = semantic.cloud.stamp_ns
    voxels.add(placed, labels, semantic.confidence[seen], T[:3, 3], stamp_ns)


def _scans(labelled: Path) -> list[tuple[NDArray[np.float64], SemanticCloud]]:
    """Where the lidar was, and what was said of its scan."""
    tree, found = TransformTree(buffer_s=100), []
    with BagReader(labelled) as bag:
        for message in bag.messages({"/tf"}):
            for each in decode_tf(message.message):
                tree.set_timed(each.parent, each.child, each.stamp_ns, each.T_parent_child)
        for message in bag.messages({"/velodyne/semantic/points"}):
            cloud = decode_cloud(message.message)
            points = cloud.points.reshape(-1)
            labels, recalled = points["label"].astype(np.uint8), points["remembered"] == 1
            status = np.where(labels == 255, PointStatus.OUT_OF_VIEW, PointStatus.LABELLED)
            status[recalled] = PointStatus.REMEMBERED
            none = np.full(len(points), 255, np.uint8)
            semantic = SemanticCloud(
                _LIDAR, cloud, labels, points["confidence"], status.astype(np.uint8), none
            )
            found.append((tree.lookup(FRAME, _LIDAR, cloud.stamp_ns), semantic))
    return found


def _config() -> Config:
    return Config.from_parameters(
        {
            "cameras": ["color"],
            "camera.color.image_topic": "/camera/image_rect",
            "camera.color.rectified": True,
            "camera.color.frame_convention": "optical",
            "lidars": [_LIDAR],
            "lidar.velodyne.topic": "/velodyne/points",
            "memory.enabled": True,
        }
    )


if __name__ == "__main__":
    main()
