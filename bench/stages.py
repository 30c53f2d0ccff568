"""Single stages of a frame's way, each against the calls of cv2 and numpy that do as much."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.rows import BenchRow, compare
from seg_perception.config import RadarTransferConfig
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import Calibration, LabelMap
from seg_perception.fusion.label_transfer import PreparedLabelMap, View
from seg_perception.fusion.lidar_prior import Bearings
from seg_perception.fusion.radar import footprint, transfer_radar_labels
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.transforms import TransformTree
from seg_perception.inference.manifest import LogitsOutput
from seg_perception.inference.reading import LogitsReader
from seg_perception.outputs.pictures import overlay
from seg_perception.pipeline.frame_convention import T_OPTICAL_BODY

_IMAGE, _NETWORK, _CLASSES = (1200, 1920), (512, 1024), 64
_STAMP_NS, _MS = 10**18, 1_000_000
_ALPHA, _RETURNS = 0.5, 256


def run() -> list[BenchRow]:
    """What a label map is made from, and what is made of it."""
    return [_logits(), _preparation(), _overlay(), _radar(), _transforms()]


def _labels() -> NDArray[np.uint8]:
    random = np.random.default_rng(0)
    blocks = random.integers(0, _CLASSES, (16, 32), dtype=np.uint8)
    return np.kron(blocks, np.ones((32, 32), np.uint8))


def _logits() -> BenchRow:
    """Quarter-size maps of all classes to labels and confidence; the floor holds all at once."""
    random = np.random.default_rng(0)
    maps = random.normal(size=(_CLASSES, _NETWORK[0] // 4, _NETWORK[1] // 4)).astype(np.float32)
    size = SimpleNamespace(width=_NETWORK[1], height=_NETWORK[0])
    manifest: Any = SimpleNamespace(class_count=_CLASSES, input=size)
    reader = LogitsReader(LogitsOutput(kind="logits"), manifest)

    def floor() -> object:
        planes = np.stack([cv2.resize(plane, _NETWORK[::-1]) for plane in maps])
        best = planes.max(axis=0)
        share = 1 / np.exp(planes - best).sum(axis=0)
        return planes.argmax(axis=0).astype(np.uint8), np.rint(255 * share).astype(np.uint8)

    return compare(
        "logits of 64 classes to labels and confidence",
        lambda: reader.read([maps[None]]),
        floor,
        budget=0.5,
        name="cv2.resize, then numpy's argmax and softmax",
    )


def _preparation() -> BenchRow:
    """How far each pixel is from a boundary, in quarters of a pixel, which clouds ask."""
    labels = _labels()
    label_map = LabelMap("front", labels, labels, _STAMP_NS, "camera")

    def floor() -> object:
        edges = np.ones(labels.shape, np.uint8)
        edges[:, 1:] &= labels[:, 1:] == labels[:, :-1]
        edges[1:] &= labels[1:] == labels[:-1]
        return cv2.distanceTransform(edges, cv2.DIST_L2, 3)

    return compare(
        "label map prepared for clouds, 1024x512",
        lambda: PreparedLabelMap(label_map).boundary_distance,
        floor,
        budget=1.6,
        name="edges, then cv2.distanceTransform",
    )


def _overlay() -> BenchRow:
    """Colours over a camera's picture."""
    random = np.random.default_rng(0)
    image = random.integers(0, 255, (*_IMAGE, 3), dtype=np.uint8)
    ontology, labels = Ontology.load("goose"), _labels()
    palette = np.ascontiguousarray(ontology.palette[:256].reshape(256, 1, 3))

    def floor() -> object:
        small = cv2.resize(image, labels.shape[::-1], interpolation=cv2.INTER_AREA)
        colors = cv2.applyColorMap(labels, palette)
        return cv2.addWeighted(small, 1 - _ALPHA, colors, _ALPHA, 0)

    # What has no label stays as it is: a mask and a copy more.
    return compare(
        "overlay of 1024x512 labels, of a 1920x1200 picture",
        lambda: overlay(image, labels, ontology, _ALPHA),
        floor,
        budget=1.4,
        name="cv2.resize, applyColorMap and addWeighted",
    )


def _radar() -> BenchRow:
    """A scan's returns, each labelled by all the places that it may come from."""
    random = np.random.default_rng(0)
    azimuth, distance = random.uniform(-0.6, 0.6, _RETURNS), random.uniform(3, 60, _RETURNS)
    xyz = np.stack([distance * np.cos(azimuth), distance * np.sin(azimuth), 0 * azimuth], axis=1)
    errors = np.full(_RETURNS, 0.01), np.full(_RETURNS, 0.02), np.full(_RETURNS, 0.15)
    bearings, config = Bearings(xyz.astype(np.float32), *errors), RadarTransferConfig()
    labels, still = _labels(), np.zeros(3)
    k = np.array([[610.0, 0, 511.5], [0, 610, 255.5], [0, 0, 1]])
    d = np.array([-0.12, 0.03, 0.0005, -0.0004, 0.0])
    lens = CameraModel.from_calibration(Calibration(*_NETWORK[::-1], k, "plumb_bob", d))
    label_map = LabelMap("front", labels, labels, _STAMP_NS, "camera")
    T: NDArray[np.float64] = T_OPTICAL_BODY.copy()
    view = View(PreparedLabelMap(label_map), lens, T, up=T[:3, 2])

    def floor() -> object:
        places = footprint(bearings, config.samples) @ T[:3, :3].T.astype(np.float32)
        uv = cv2.projectPoints(places, still, still, k, d)[0].reshape(-1, 2)
        column, row = np.clip(np.rint(uv).astype(np.int64).T, 0, [[1023], [511]])
        votes = np.repeat(np.arange(_RETURNS), config.samples) * 64 + labels[row, column]
        counts = np.bincount(votes, minlength=_RETURNS * 64).reshape(_RETURNS, 64)
        return counts.argmax(axis=1), counts.max(axis=1) / config.samples

    return compare(
        f"radar, {_RETURNS} returns",
        lambda: transfer_radar_labels(bearings, [view], config, 255),
        floor,
        budget=2.0,
        name="cv2.projectPoints of the same places, np.bincount",
    )


def _transforms() -> BenchRow:
    """Poses of 64 moments along a chain of a moving and two static edges."""
    tree = TransformTree()
    mounted = np.eye(4)
    mounted[2, 3] = 1.8
    tree.set_static("base", "mast", mounted)
    tree.set_static("mast", "lidar", mounted)
    for ms in range(-20, 140, 10):
        tree.set_timed("odom", "base", _STAMP_NS + ms * _MS, _pose(ms))
    stamps = _STAMP_NS + np.arange(64, dtype=np.int64) * 100 * _MS // 64
    first, second = _pose(0), _pose(10)

    def floor() -> object:
        share = np.linspace(0, 1, 64)
        poses = np.tile(np.eye(4), (64, 1, 1))
        turn = cv2.Rodrigues(first[:3, :3].T @ second[:3, :3])[0]
        poses[:, :3, :3] = [first[:3, :3] @ cv2.Rodrigues(s * turn)[0] for s in share]
        poses[:, :3, 3] = first[:3, 3] + share[:, None] * (second - first)[:3, 3]
        return poses @ mounted @ mounted

    return compare(
        "tf, 64 moments of one scan",
        lambda: tree.lookup_all("odom", "lidar", stamps),
        floor,
        budget=1.5,
        name="cv2.Rodrigues between two poses, moment by moment",
    )


def _pose(ms: int) -> NDArray[np.float64]:
    angle, T = 5e-4 * ms, np.eye(4)
    T[:2, :2] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    T[0, 3] = 1.5e-3 * ms
    return T
