"""Publishers for planners."""

from __future__ import annotations

import time

from seg_perception.core.types import SemanticCloud
from seg_perception.fusion.costs import cost_table
from seg_perception.io.messages import OccupancyGrid, PointCloud2
from seg_perception.outputs.costmap import Costmaps, obstacles_message
from seg_perception.outputs.topics import COSTMAP, obstacles_topic
from seg_perception.pipeline.semantic_mapper import SemanticMapper
from seg_perception.ros.conversions import to_ros
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.outputs import advertise


class ObstaclesOutput:
    """The publisher of the points that block the way, for every lidar, where it is wanted."""

    def __init__(self, context: NodeContext) -> None:
        """Advertise what the configuration asks for."""
        config = context.config
        wanted = config.lidars.items() if config.costmap.obstacles else ()
        self._context = context
        self._costs = cost_table(config.costmap, context.ontology) if wanted else None
        self._publishers = {
            name: advertise(context, PointCloud2.type_name, obstacles_topic(lidar))
            for name, lidar in wanted
        }

    def publish(self, semantic: SemanticCloud) -> None:
        """Publish a scan's obstacles, if wanted, also none; nothing where nothing is known."""
        publisher = self._publishers.get(semantic.sensor)
        if publisher is None or self._costs is None or not publisher.get_subscription_count():
            return
        message = obstacles_message(semantic, self._costs)
        if message is not None:
            publisher.publish(to_ros(message))

    def close(self) -> None:
        """Stop advertising."""
        for publisher in self._publishers.values():
            self._context.node.destroy_publisher(publisher)


class CostmapOutput:
    """The publisher of the costmap of one voxel map."""

    def __init__(self, context: NodeContext, mapper: SemanticMapper) -> None:
        """Advertise it."""
        self._context = context
        self._mapper = mapper
        self._costmaps = Costmaps(context.config, context.ontology)
        self._publisher = advertise(context, OccupancyGrid.type_name, COSTMAP)
        self._due_s = 0.0

    def publish(self) -> None:
        """Publish the costmap, if a period has passed, it is wanted, and a scan has changed it."""
        now_s = time.monotonic()
        if now_s < self._due_s or not self._publisher.get_subscription_count():
            return
        self._due_s = now_s + self._context.config.map.period_s
        with self._context.latencies.measure("publish", "costmap"):
            message = self._costmaps.newest(self._mapper.voxels(), self._mapper.frame)
            if message is not None:
                self._publisher.publish(to_ros(message))

    def close(self) -> None:
        """Stop advertising."""
        self._context.node.destroy_publisher(self._publisher)
