"""Labelled points as messages: semantic clouds, and the voxels of a map."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import OutputConfig
from seg_perception.core.class_selection import select_classes
from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import PointCloud, SemanticCloud
from seg_perception.fusion.voxel_changes import MapChanges
from seg_perception.fusion.voxels import Voxels
from seg_perception.io.messages import PointCloud2
from seg_perception.io.pointcloud2 import append_semantics, encode_cloud
from seg_perception.io.semantic_fields import label_bits, with_moving, with_remembered

MAP_POINT = np.dtype(
    [
        *((name, "<f4") for name in ("x", "y", "z", "rgb")),
        ("label", "<u4"),
        ("confidence", "<f4"),
        ("count", "<u4"),
    ]
)
"""A voxel: its middle (metre, map frame), colour (float32-packed 0x00RRGGBB), class id, expected
share of that class among votes to come, number of scans that voted."""


def check_clouds(ontology: Ontology, config: OutputConfig) -> None:
    """Refuse a cloud profile that can't carry the model's ids, and classes that it lacks.

    Raises:
        ConfigError: more classes than the profile has ids, or a name that is no class's.
    """
    published_classes(ontology, config)
    bits = label_bits(config.cloud_profile)
    if ontology.unknown_id >> bits:
        msg = (
            f"output.cloud_profile {config.cloud_profile}: carries {bits} bits, ontology "
            f"{ontology.name} has ids to {ontology.id_count - 1}; set it to pcl"
        )
        raise ConfigError(msg)


def published_classes(ontology: Ontology, config: OutputConfig) -> NDArray[np.bool_] | None:
    """Whose points stay in the clouds, bool (256 or 65536,) by id; None: all points do.

    Raises:
        ConfigError: a name that is no class's and no group's.
    """
    if not config.classes:
        return None
    return select_classes(ontology, config.classes, "output.classes")


def cloud_message(
    semantic: SemanticCloud, ontology: Ontology, config: OutputConfig, *, memory: bool = False
) -> PointCloud2:
    """One labelled cloud: the sender's fields, then label, confidence and colour.

    Args:
        semantic: the cloud.
        ontology: of its labels.
        config: which points, and in which form.
        memory: labels may be remembered; a field says which are.

    Raises:
        CloudError: a field that PointCloud2 can't carry.
    """
    semantic = with_moving(_as_published(semantic, ontology))
    cloud = append_semantics(
        with_remembered(semantic) if memory else semantic,
        ontology.palette,
        config.cloud_profile,
        drop_unlabelled=config.drop_unlabelled,
        classes=published_classes(ontology, config),
    )
    return encode_cloud(cloud)


def map_message(voxels: Voxels, ontology: Ontology, frame: str) -> PointCloud2:
    """A map, with the stamp of its newest scan."""
    points = map_points(voxels, ontology)[None]
    return encode_cloud(PointCloud(points, voxels.stamp_ns, frame, is_dense=True))


def map_update_message(changes: MapChanges, ontology: Ontology, frame: str) -> PointCloud2:
    """What became of a map: a point that is nowhere forgets all, one that nobody met its voxel."""
    gone = np.zeros(changes.begins + len(changes.forgotten), MAP_POINT)
    gone["label"] = ontology.unknown_id
    for axis, name in enumerate("xyz"):
        gone[name][changes.begins :] = changes.forgotten[:, axis]
        gone[name][: changes.begins] = np.nan
    points = np.concatenate([gone, map_points(changes.voxels, ontology)])[None]
    stamp_ns, is_dense = changes.voxels.stamp_ns, not changes.begins
    return encode_cloud(PointCloud(points, stamp_ns, frame, is_dense=is_dense))


def map_points(voxels: Voxels, ontology: Ontology) -> NDArray[Any]:
    """Voxels as structured points, MAP_POINT (N,), in the map's frame; for messages and files."""
    points = np.zeros(len(voxels), MAP_POINT)
    for axis, name in enumerate("xyz"):
        points[name] = voxels.xyz[:, axis]
    red, green, blue = ontology.palette[voxels.labels].astype(np.uint32).T
    points["rgb"] = (red << 16 | green << 8 | blue).view(np.float32)
    points["label"] = voxels.labels
    points["confidence"] = voxels.confidence
    points["count"] = voxels.counts
    return points


def _as_published(semantic: SemanticCloud, ontology: Ontology) -> SemanticCloud:
    """The cloud with the data set's own id where a point has no label."""
    if ontology.cloud_unknown_id == ontology.unknown_id:
        return semantic
    known = semantic.labels != ontology.unknown_id
    unknown = semantic.labels.dtype.type(ontology.cloud_unknown_id)
    return replace(semantic, labels=np.where(known, semantic.labels, unknown))
