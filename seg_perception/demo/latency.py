"""From a sensor's stamp to the moment at which the result reached a subscriber."""

from __future__ import annotations

from pathlib import Path

from seg_perception.config import Config
from seg_perception.core.durations import Durations, Percentiles
from seg_perception.core.types import NANOSECONDS
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.messages import stamp_to_ns
from seg_perception.outputs.topics import CameraTopics, cloud_topic


def measure_latency(recording: str | Path, config: Config) -> dict[str, Percentiles]:
    """Log time minus stamp of each label image and semantic cloud.

    Both are on the bag's clock, which a player publishes on `/clock` 200 times a second
    and the recorder reads when a message reaches its callback: a step is 5 ms. The time
    includes the sensor's own delay, the wait for a newer image, and the way to the recorder.

    Returns:
        Percentiles by topic.

    Raises:
        BagError: the recording can't be read.
    """
    wanted = {CameraTopics.of(camera).label_image for camera in config.cameras.values()}
    wanted |= {cloud_topic(sensor) for sensor in (*config.lidars.values(), *config.radars.values())}
    durations = {topic: Durations() for topic in sorted(wanted)}
    with BagReader(recording) as bag:
        present = wanted & {topic.name for topic in bag.topics}
        for entry in bag.messages(present):
            latency_ns = entry.log_time_ns - stamp_to_ns(entry.message.header.stamp)
            durations[entry.topic].add(latency_ns / NANOSECONDS)
    return {topic: found.percentiles() for topic, found in durations.items()}
