"""What is refused before a replay begins."""

from __future__ import annotations

from seg_perception.config import Config
from seg_perception.core.ontology import Ontology
from seg_perception.io.video_writer import check_video_file
from seg_perception.outputs.clouds import check_clouds
from seg_perception.outputs.costmap import check_planner
from seg_perception.outputs.nav2 import check_nav2
from seg_perception.outputs.topics import check_topics
from seg_perception.pipeline.semantic_mapper import check_map
from seg_perception.replay.map_file import check_map_file
from seg_perception.replay.options import ReplayOptions


def check_request(config: Config, options: ReplayOptions) -> None:
    """Refuse what can be refused without the bag.

    Raises:
        ConfigError: two things would share a topic, or a map or video can't be made.
    """
    check_topics(config)
    if options.map_file is not None:
        check_map_file(config, options.map_file)
    if options.video is not None:
        check_video_file(options.video)


def check_outputs(config: Config, ontology: Ontology) -> None:
    """Refuse outputs that the model's classes do not allow.

    Raises:
        ConfigError: says which.
    """
    check_clouds(ontology, config.output)
    check_map(config, ontology)
    check_planner(config, ontology)
    check_nav2(config, ontology)
