"""Of a robot's sensors, those that a bag holds."""

from __future__ import annotations

from seg_perception.config import CameraConfig, Config
from seg_perception.config.full_names import with_full_names
from seg_perception.config.input_topics import DEPTH_TYPES, IMAGE_TYPES, point_types
from seg_perception.core.issue_log import Issue
from seg_perception.inspection.facts import BagFacts
from seg_perception.inspection.topic_search import TopicSearch
from seg_perception.pipeline.diagnosis import of_enabled


def recorded_sensors(facts: BagFacts, config: Config) -> tuple[Config, list[Issue]]:
    """The same robot with what was recorded of it, by full names, and what was not."""
    types = {topic.name: topic.type for topic in facts.topics.values() if topic.count}
    named = with_full_names(config, types)
    search = TopicSearch(types)
    cameras = {
        name: _without_lost_depths(name, camera, search)
        for name, camera in named.cameras.items()
        if search.finds(camera.image_topic, IMAGE_TYPES, f"camera.{name}", "image_topic")
    }
    clouds = {
        plural: {
            name: sensor
            for name, sensor in getattr(named, plural).items()
            if search.finds(sensor.topic, point_types(kind), f"{kind}.{name}", "topic")
        }
        for plural, kind in (("lidars", "lidar"), ("radars", "radar"))
    }
    recorded = named.model_copy(update={"cameras": cameras, **clouds})
    return recorded, of_enabled(config, search.missing)


def _without_lost_depths(name: str, camera: CameraConfig, search: TopicSearch) -> CameraConfig:
    topic = camera.depth_topic
    if not topic or search.finds(topic, DEPTH_TYPES, f"depth.{name}", "topic"):
        return camera
    return camera.model_copy(update={"depth_topic": ""})
