"""Which topics of a recording came out of this product: they are no sensor's."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from seg_perception.config.input_topics import base_topic
from seg_perception.io.messages import (
    CameraInfo,
    CompressedImage,
    Image,
    LabelInfo,
    OccupancyGrid,
    PointCloud2,
)
from seg_perception.io.perception_messages import SegmentationStatus, SemanticLegend
from seg_perception.io.semantic_fields import appended_fields
from seg_perception.outputs.costmap import OBSTACLE_POINT
from seg_perception.outputs.topics import (
    COSTMAP,
    LEGEND,
    LEGEND_IMAGE,
    MAP,
    MAP_UPDATES,
    NODE_NAME,
    STATUS,
)

_NODES = (NODE_NAME, "segmentation_node", "semantic_cloud_node")
_OF_A_NODE = {
    LEGEND: SemanticLegend.type_name,
    LEGEND_IMAGE: Image.type_name,
    MAP: PointCloud2.type_name,
    MAP_UPDATES: PointCloud2.type_name,
    COSTMAP: OccupancyGrid.type_name,
    STATUS: SegmentationStatus.type_name,
}
_IMAGES = (Image.type_name, CompressedImage.type_name)
_OF_A_SENSOR = {
    "label_image": _IMAGES,
    "confidence": _IMAGES,
    "color": _IMAGES,
    "overlay": _IMAGES,
    "camera_info": (CameraInfo.type_name,),
    "label_info": (LabelInfo.type_name,),
    "points": (PointCloud2.type_name,),
    "obstacles": (PointCloud2.type_name,),
}


def own_topics(types: Mapping[str, str]) -> frozenset[str]:
    """Those of a recording's topics that a node or replay of ours published, by name and type.

    In any namespace, and of a node by another name, whose own types tell it.

    Args:
        types: by topic.
    """
    nodes = {_parent(t) for t, kind in types.items() if kind in _OWN_TYPES}
    cameras = {_parent(t) for t, kind in types.items() if kind == LabelInfo.type_name}
    return frozenset(
        topic
        for topic, kind in types.items()
        if _is_of_a_node(topic, kind, nodes) or _is_of_a_sensor(topic, kind, cameras)
    )


def is_own_cloud(fields: Collection[str]) -> bool:
    """Whether a cloud has the fields that are appended to labelled ones, by whatever name."""
    names = {name.removeprefix("semantic_") for name in fields}
    obstacles = set(OBSTACLE_POINT.names or ())
    return set(fields) == obstacles or any(own <= names for own in appended_fields())


_OWN_TYPES = (SemanticLegend.type_name, SegmentationStatus.type_name)


def _is_of_a_node(topic: str, kind: str, nodes: Collection[str]) -> bool:
    name = f"~/{_leaf(topic)}"
    if _OF_A_NODE.get(name) != kind:
        return False
    node = _parent(topic)
    # Nobody else's images are called so; a map or a status may be another node's.
    return name == LEGEND_IMAGE or node in nodes or _leaf(node) in _NODES


def _is_of_a_sensor(topic: str, kind: str, cameras: Collection[str]) -> bool:
    base = base_topic(topic)
    below = _parent(base)
    # Nav2's topics of a lidar lie one level deeper.
    room = _parent(below) if _leaf(below) == "nav2" else below
    return kind in _OF_A_SENSOR.get(_leaf(base), ()) and (
        _leaf(room) == "semantic" or below in cameras
    )


def _parent(topic: str) -> str:
    return topic.rpartition("/")[0]


def _leaf(topic: str) -> str:
    return topic.rpartition("/")[2]
