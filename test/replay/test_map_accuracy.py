"""What many scans say together against what one says alone, by the simulator's truth."""

import logging
from dataclasses import dataclass

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import LabelMap, PointStatus
from seg_perception.geometry.deskew import deskew
from seg_perception.geometry.point_times import point_times
from seg_perception.geometry.transforms import TransformTree
from seg_perception.io.camera_info import decode_camera_info
from seg_perception.io.images import decode_label_image
from seg_perception.io.messages import stamp_to_ns
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.io.transforms import decode_tf
from seg_perception.pipeline.perception import Perception

_LOG = logging.getLogger(__name__)

BLOCK_PX = 20
WRONG = 0.3

CLOUD, TRUTH = "/lidar/top/points", "/lidar/top/truth"
IMAGE_TRUTH = "/camera/front/truth"
LENS = "/camera/front/camera_info"
ONTOLOGY = Ontology.load("field")
CONFIG = Config.from_parameters(
    {
        "cameras": ["front"],
        "camera.front.image_topic": "/camera/front/image_raw",
        "lidars": ["top"],
        "lidar.top.topic": CLOUD,
        "map.enabled": True,
        "map.window_m": 0.0,
    }
)


@pytest.fixture(scope="module")
def drive():
    pytest.importorskip("embreex", reason="the simulator needs the package embreex")
    from seg_perception.simulation.config import SimulationConfig
    from seg_perception.simulation.drive import simulate

    config = SimulationConfig(
        duration_s=1.5, camera_width=320, camera_height=180, lidar_beams=32, lidar_columns=256
    )
    found = {topic: [] for topic in (CLOUD, TRUTH, IMAGE_TRUTH, LENS)}
    tree = TransformTree()
    for event in simulate(config):
        if event.topic in found:
            found[event.topic].append(event.message)
        elif event.topic in ("/tf", "/tf_static"):
            for edge in decode_tf(event.message):
                if event.latched:
                    tree.set_static(edge.parent, edge.child, edge.T_parent_child)
                else:
                    tree.set_timed(edge.parent, edge.child, edge.stamp_ns, edge.T_parent_child)
    return found, tree


def doubtful(labels, class_count, random):
    """The labels, but in three of ten blocks of pixels one wrong class; anew for each image."""
    rows, columns = (-(-size // BLOCK_PX) for size in labels.shape)
    wrong = random.random((rows, columns)) < WRONG
    other = random.integers(0, class_count, (rows, columns), np.uint8)
    block = np.ones((BLOCK_PX, BLOCK_PX), np.uint8)
    area = tuple(slice(size) for size in labels.shape)
    return np.where(np.kron(wrong, block)[area] != 0, np.kron(other, block)[area], labels)


def in_odom(cloud, tree):
    """Where the points of a scan lie in the map's frame."""
    xyz = deskew(cloud, point_times(cloud).offsets_ns, cloud.stamp_ns, tree, cloud.frame_id, "odom")
    T = tree.lookup("odom", cloud.frame_id, cloud.stamp_ns)
    return xyz.astype(np.float64) @ T[:3, :3].T + T[:3, 3]


@dataclass(frozen=True)
class Shares:
    """Of the points that a scan labels: how many are right in it, and in the map."""

    points: int
    in_scan: float
    in_map: float
    in_voxels_of_many_scans: float

    @classmethod
    def of(cls, drive, label_maps):
        """Label and map the drive with these label maps, one for each image."""
        messages, tree = drive
        core = Perception(CONFIG, ONTOLOGY, tree)
        clouds = {stamp_to_ns(m.header.stamp): decode_cloud(m) for m in messages[CLOUD]}
        truths = {stamp_to_ns(m.header.stamp): decode_cloud(m) for m in messages[TRUTH]}
        seen = []
        for label_map in label_maps:
            core.add_label_map(label_map)
            if label_map.stamp_ns not in clouds:
                continue
            true = truths[label_map.stamp_ns].points.reshape(-1)
            found = core.label("top", clouds[label_map.stamp_ns])
            kept = (found.status == PointStatus.LABELLED) & (true["moving"] == 0)
            xyz = in_odom(clouds[label_map.stamp_ns], tree)
            seen.append((xyz[kept], found.labels[kept], true["label"][kept]))
        xyz, labels, true = (np.concatenate(columns) for columns in zip(*seen, strict=True))
        voxels = core.mappers[0].voxels()
        row_of = {tuple(place): row for row, place in enumerate(cubes(voxels.xyz))}
        rows = np.array([row_of[tuple(place)] for place in cubes(xyz)])
        mapped, often = voxels.labels[rows] == true, voxels.counts[rows] >= 8
        shares = (labels == true, mapped, mapped[often])
        return cls(len(true), *(float(share.mean()) for share in shares))


def as_label_map(message, labels, drive):
    """The labels of an image, all of them sure."""
    calibration = decode_camera_info(drive[0][LENS][0])
    stamp_ns, frame = stamp_to_ns(message.header.stamp), message.header.frame_id
    sure = np.full(labels.shape, 255, np.uint8)
    return LabelMap("front", labels, sure, stamp_ns, frame, calibration)


def test_the_map_is_righter_than_a_scan(drive):
    random = np.random.default_rng(0)

    def label_map(message):
        labels = doubtful(decode_label_image(message), ONTOLOGY.id_count, random)
        return as_label_map(message, labels, drive)

    found = Shares.of(drive, [label_map(message) for message in drive[0][IMAGE_TRUTH]])
    _LOG.info("%s", found)
    assert found.points > 5000
    assert 0.6 < found.in_scan < 0.75
    assert found.in_map > found.in_scan + 0.05
    assert found.in_voxels_of_many_scans > 0.9


def test_errors_that_repeat_are_not_undone_and_not_made_worse(drive):
    """Every third class is taken for another one, in every image alike."""
    seen_as = np.arange(256, dtype=np.uint8)
    seen_as[: ONTOLOGY.id_count : 3] += 1

    def label_map(message):
        labels = seen_as[decode_label_image(message)]
        return as_label_map(message, labels, drive)

    found = Shares.of(drive, [label_map(message) for message in drive[0][IMAGE_TRUTH]])
    _LOG.info("%s", found)
    assert found.in_scan < 0.95
    assert found.in_map > found.in_scan - 0.02


def cubes(xyz):
    return np.floor(xyz / CONFIG.map.voxel_m).astype(np.int64).tolist()
