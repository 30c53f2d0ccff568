"""The voxel map and what is made of it, on their way to a publisher: what is due, and for whom."""

from __future__ import annotations

from seg_perception.config import Config
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import NANOSECONDS
from seg_perception.outputs.clouds import map_message, map_update_message
from seg_perception.outputs.costmap import Costmaps
from seg_perception.outputs.publisher import Publisher
from seg_perception.outputs.topics import COSTMAP, MAP, MAP_UPDATES
from seg_perception.pipeline.semantic_mapper import SemanticMapper


class Period:
    """Says when something is due, by the clock that it is asked with."""

    def __init__(self, period_s: float) -> None:
        """Start with something that is due at once."""
        self._period_ns = round(period_s * NANOSECONDS)
        self._due_ns = 0

    def is_due(self, now_ns: int, *, at_once: bool = False) -> bool:
        """Whether it is due, or has to be; if so, it is due again a period from now."""
        if now_ns < self._due_ns and not at_once:
            return False
        self._due_ns = now_ns + self._period_ns
        return True


class Audience:
    """Notices who comes to a topic."""

    def __init__(self, topic: str, publisher: Publisher) -> None:
        """Start with nobody."""
        self.count = 0
        self._topic = topic
        self._publisher = publisher

    def has_grown(self) -> bool:
        """Whether more listen than when this was asked before."""
        before, self.count = self.count, self._publisher.listener_count(self._topic)
        return self.count > before


class MapOutputs:
    """The whole map, its costmap, and what changed: each with its own period and listeners.

    Who comes gets the map at once. A period goes by whether or not anything is in the map, but not
    while nobody listens. A costmap is published only where a scan has changed it.
    """

    def __init__(self, config: Config, ontology: Ontology, publisher: Publisher) -> None:
        """Start with nobody who listens.

        Raises:
            ConfigError: wrong costs.
        """
        self._publisher = publisher
        self._costmaps = Costmaps(config, ontology) if config.costmap.grid else None
        topics = (MAP, COSTMAP, MAP_UPDATES)
        self._audience = {topic: Audience(topic, publisher) for topic in topics}
        self._periods = {topic: Period(config.map.period_s) for topic in topics}
        self._updates = MapUpdates(config, self._audience[MAP_UPDATES], publisher)

    def publish(self, mapper: SemanticMapper, ontology: Ontology, now_ns: int) -> bool:
        """Publish what is due: changes first, since they are the fresher.

        Returns:
            Whether anything was due and made.
        """
        is_updated = self._updates.publish(mapper, ontology, now_ns)
        due = [topic for topic in (MAP, COSTMAP) if self._is_due(topic, now_ns)]
        if not due or not len(mapper.map):
            return is_updated
        voxels = mapper.voxels()
        if MAP in due:
            self._publisher.publish(MAP, map_message(voxels, ontology, mapper.frame), now_ns)
        costmaps = self._costmaps if COSTMAP in due else None
        if costmaps and (costmap := costmaps.newest(voxels, mapper.frame)):
            self._publisher.publish(COSTMAP, costmap, now_ns)
        return True

    def _is_due(self, topic: str, now_ns: int) -> bool:
        audience = self._audience[topic]
        at_once = audience.has_grown()
        return audience.count > 0 and self._periods[topic].is_due(now_ns, at_once=at_once)


class MapUpdates:
    """What changed in a map, in messages of bounded size; nothing is kept while nobody listens."""

    def __init__(self, config: Config, audience: Audience, publisher: Publisher) -> None:
        """Start with nothing told."""
        self._most = config.map.update_voxels
        self._period = Period(config.map.update_period_s)
        self._audience = audience
        self._publisher = publisher
        self._ontology: Ontology | None = None

    def publish(self, mapper: SemanticMapper, ontology: Ontology, now_ns: int) -> bool:
        """Publish changes where they are due; everything, where somebody came.

        Returns:
            Whether there was something to tell.
        """
        had_listeners, has_grown = self._audience.count > 0, self._audience.has_grown()
        if not self._audience.count:
            if had_listeners:
                mapper.map.follow_no_more()
            return False
        if not self._period.is_due(now_ns, at_once=has_grown):
            return False
        everything = has_grown or ontology is not self._ontology
        self._ontology = ontology
        changes = mapper.changes(self._most, everything=everything)
        if not changes.begins and not len(changes):
            return False
        message = map_update_message(changes, ontology, mapper.frame)
        self._publisher.publish(MAP_UPDATES, message, now_ns)
        return True
