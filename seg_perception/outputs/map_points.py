"""Voxels as points: what `~/map` carries and what map files hold."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.ontology import Ontology
from seg_perception.core.types import PointCloud
from seg_perception.fusion.voxel_map import Voxels
from seg_perception.io.messages import PointCloud2
from seg_perception.io.pointcloud2 import encode_cloud

MAP_POINT = np.dtype(
    [
        *((name, "<f4") for name in ("x", "y", "z", "rgb")),
        ("label", "<u4"),
        ("confidence", "<f4"),
        ("count", "<u4"),
    ]
)
"""A voxel: its middle (metre), colour (float32-packed 0x00RRGGBB), class id, expected share of
that class among votes to come, number of scans that voted."""


def map_points(voxels: Voxels, ontology: Ontology) -> NDArray[Any]:
    """Voxels as structured points, MAP_POINT (N,)."""
    points = np.zeros(len(voxels), MAP_POINT)
    for axis, name in enumerate("xyz"):
        points[name] = voxels.xyz[:, axis]
    red, green, blue = ontology.palette[voxels.labels].astype(np.uint32).T
    points["rgb"] = (red << 16 | green << 8 | blue).view(np.float32)
    points["label"] = voxels.labels
    points["confidence"] = voxels.confidence
    points["count"] = voxels.counts
    return points


def map_message(voxels: Voxels, ontology: Ontology, frame: str) -> PointCloud2:
    """The message of a map, with the stamp of its newest scan."""
    points = map_points(voxels, ontology)[None]
    return encode_cloud(PointCloud(points, voxels.stamp_ns, frame, is_dense=True))
