"""Parameters of Nav2's costmaps for a robot: its semantic layer, and what else we publish for it.

Written for ros-navigation/semantic_segmentation_layer at commit b269885; what its parameters do
stands in its README and its source.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from seg_perception.config import CloudSensorConfig, Config
from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.fusion.occupancy import LETHAL, UNSEEN, cost_table
from seg_perception.outputs.nav2 import check_layer_ontology
from seg_perception.outputs.topics import COSTMAP, Nav2Topics, cloud_topic, obstacles_topic, private

UNCOUNTED = "uncounted"
"""The class type of classes that have no cost, such as the sky."""
# nav2_costmap_2d/cost_values.hpp: 253 is what the inflation layer says of obstacles.
_NO_INFORMATION, _LETHAL_OBSTACLE, _MOST_NOT_LETHAL = 255, 254, 252
_RANGE_M = 20.0
# Of the obstacle layer, in the costmap's frame: its own limits, 0 and 2 m, would lose obstacles
# where the ground rises or falls.
_HEIGHTS = {"min_obstacle_height": -100.0, "max_obstacle_height": 100.0}
_WIDTH = 100


class _Plain(yaml.SafeDumper):
    """Writes what two lidars share twice: ROS's parser of parameter files knows no references."""

    def ignore_aliases(self, data: Any) -> bool:
        """Always."""
        del data
        return True


def nav2_parameters(config: Config, ontology: Ontology) -> str:
    """The text of a Nav2 parameter file.

    Raises:
        ConfigError: no lidar, or an ontology that the layer can't read or that has no costs.
    """
    if not config.surface_sensors:
        msg = (
            "Nav2's semantic layer needs a cloud of its mask's shape, expected a lidar or a depth "
            "camera in the robot file, got none; list one, for instance lidars: [top], or set "
            "camera.NAME.depth_topic"
        )
        raise ConfigError(msg)
    check_layer_ontology(config, ontology)
    costmaps = {"local_costmap": _local(config, ontology)}
    if config.map.enabled and config.costmap.grid:
        costmaps["global_costmap"] = _global()
    nested = {name: {name: {"ros__parameters": p}} for name, p in costmaps.items()}
    text = yaml.dump(nested, Dumper=_Plain, sort_keys=False, default_flow_style=None, width=_WIDTH)
    return _head(config, ontology) + text


def lacking(config: Config) -> list[str]:
    """What the robot's own file has to say besides, so that the layer's topics exist."""
    return [] if config.output.nav2_semantic_cloud else ["output.nav2_semantic_cloud: true"]


def _head(config: Config, ontology: Ontology) -> str:
    about = (
        f"Nav2's costmaps with the labels of ontology {ontology.name}; merge it into the robot's "
        "parameter file of Nav2 (docs/how_to/nav2.md)."
    )
    remarks = [about, *(f"seg_perception's own robot file needs {n}" for n in lacking(config))]
    lines = (line for remark in remarks for line in textwrap.wrap(remark, _WIDTH - 2))
    return "".join(f"# {line}\n" for line in lines)


def _local(config: Config, ontology: Ontology) -> dict[str, Any]:
    layers = {"semantic_layer": _semantic_layer(config, ontology)}
    if config.costmap.obstacles:
        layers["obstacle_layer"] = _obstacle_layer(config)
    layers["inflation_layer"] = {"plugin": "nav2_costmap_2d::InflationLayer"}
    return {"track_unknown_space": True, "plugins": list(layers), **layers}


def _global() -> dict[str, Any]:
    static = {
        "plugin": "nav2_costmap_2d::StaticLayer",
        "map_topic": private(COSTMAP),
        "trinary_costmap": False,
        "map_subscribe_transient_local": False,
    }
    layers = {
        "static_layer": static,
        "inflation_layer": {"plugin": "nav2_costmap_2d::InflationLayer"},
    }
    return {"track_unknown_space": True, "plugins": list(layers), **layers}


def _semantic_layer(config: Config, ontology: Ontology) -> dict[str, Any]:
    types = dict(_class_types(config, ontology))
    return {
        "plugin": "semantic_segmentation_layer::SemanticSegmentationLayer",
        "enabled": True,
        # Mask, confidence and cloud have one stamp: by approximate time those of two scans could
        # be taken for one where a message is lost.
        "use_approximate_time_sync": False,
        "observation_sources": " ".join(config.surface_sensors),
        **{name: _source(sensor) | types for name, sensor in config.surface_sensors.items()},
    }


def _source(sensor: CloudSensorConfig) -> dict[str, Any]:
    topics = Nav2Topics.of(sensor)
    return {
        "segmentation_topic": topics.label_image,
        "confidence_topic": topics.confidence,
        "labels_topic": topics.label_info,
        "pointcloud_topic": topics.points,
        "max_obstacle_distance": _RANGE_M,
        "min_obstacle_distance": 0.3,
        "tile_map_decay_time": 5.0,
        # The worst point of a tile counts, not the surest.
        "use_cost_selection": True,
    }


def _class_types(config: Config, ontology: Ontology) -> Iterator[tuple[str, Any]]:
    """The list of class types, then each: a group that has a cost, and the rest."""
    costs, groups = (
        cost_table(config.costmap, ontology),
        ontology.group_ids(config.costmap.grouping),
    )
    types: dict[str, dict[str, Any]] = {}
    for index, group in enumerate(ontology.group_names(config.costmap.grouping)):
        names = [c.name for c in ontology.classes if groups[c.id] == index and costs[c.id] >= 0]
        if names:
            cost = int(costs[ontology.ids[names[0]]])
            types[group] = _class_type(names, cost, config.costmap.min_confidence)
    if rest := [c.name for c in ontology.classes if costs[c.id] == UNSEEN]:
        types[UNCOUNTED] = _type(rest, _NO_INFORMATION, 0, mark_confidence=255)
    yield "class_types", list(types)
    yield from types.items()


def _class_type(names: Sequence[str], cost: int, min_confidence: float) -> dict[str, Any]:
    """What blocks does so at once; what does not is unknown until it is certain enough."""
    if cost == LETHAL:
        return _type(names, _LETHAL_OBSTACLE, _LETHAL_OBSTACLE, dominant_priority=True)
    worth = min(round(cost * _LETHAL_OBSTACLE / LETHAL), _MOST_NOT_LETHAL)
    # The layer asks for more than it.
    mark = max(math.ceil(min_confidence * 255) - 1, 0)
    return _type(names, _NO_INFORMATION, worth, mark_confidence=mark)


def _type(
    names: Sequence[str],
    base_cost: int,
    max_cost: int,
    *,
    mark_confidence: int = 0,
    dominant_priority: bool = False,
) -> dict[str, Any]:
    return {
        "classes": list(names),
        "base_cost": base_cost,
        "max_cost": max_cost,
        "mark_confidence": mark_confidence,
        "samples_to_max_cost": 1,
        "dominant_priority": dominant_priority,
    }


def _obstacle_layer(config: Config) -> dict[str, Any]:
    """Points that block, marked at once; the scans themselves clear what is gone."""
    marking = {
        name: {
            "topic": obstacles_topic(sensor),
            "data_type": "PointCloud2",
            "marking": True,
            "clearing": False,
            "expected_update_rate": 0.5,
            "obstacle_max_range": _RANGE_M,
            **_HEIGHTS,
        }
        for name, sensor in config.surface_sensors.items()
    }
    # A depth camera's images are no cloud: the points that are made of them clear.
    clouds = {name: lidar.topic for name, lidar in config.lidars.items()}
    clouds |= {name: cloud_topic(depth) for name, depth in config.depths.items()}
    clearing = {
        f"{name}_clearing": {
            "topic": topic,
            "data_type": "PointCloud2",
            "marking": False,
            "clearing": True,
            "raytrace_max_range": _RANGE_M,
            **_HEIGHTS,
        }
        for name, topic in clouds.items()
    }
    sources = marking | clearing
    return {
        "plugin": "nav2_costmap_2d::ObstacleLayer",
        "observation_sources": " ".join(sources),
        **_HEIGHTS,
        **sources,
    }
