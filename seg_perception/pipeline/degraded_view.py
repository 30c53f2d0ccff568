"""What a camera shows that sees badly is never taken for a way that is free."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.core.errors import ConfigError
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import LabelMap
from seg_perception.fusion.occupancy import LETHAL, UNSEEN, cost_table
from seg_perception.pipeline.picture_watch import HasMoved, PictureWatch


class DegradedView:
    """Takes back labels of ground that can be driven on, while a camera sees badly.

    What blocks the way stays: a planner that stops for nothing is better than one that does not.
    The label image itself is published as the network made it.
    """

    def __init__(
        self, config: Config, ontology: Ontology, issues: IssueLog, has_moved: HasMoved
    ) -> None:
        """Start; `has_moved` says whether a frame moved between two times (ns)."""
        self._watch = PictureWatch(issues, has_moved) if config.pictures.watch else None
        self._drivable = _drivable(config, ontology)
        self._unknown_id = ontology.unknown_id

    def for_clouds(self, label_map: LabelMap) -> LabelMap:
        """The labels that points may have."""
        if self._watch is None or not self._watch.is_degraded(label_map):
            return label_map
        unknown = label_map.labels.dtype.type(self._unknown_id)
        labels = np.where(self._drivable.take(label_map.labels), unknown, label_map.labels)
        return replace(label_map, labels=labels)

    def state(self) -> str:
        """What is remembered of earlier pictures."""
        return self._watch.state() if self._watch is not None else ""

    def clear(self) -> None:
        """Forget what was seen: the clock jumped."""
        if self._watch is not None:
            self._watch.clear()


def _drivable(config: Config, ontology: Ontology) -> NDArray[np.bool_]:
    """By id, bool (256 or 65536,): what costs less than a collision.

    Costs that can't be read serve no planner, whose outputs are refused elsewhere.
    """
    try:
        costs = cost_table(config.costmap, ontology)
    except ConfigError:
        return np.zeros(ontology.unknown_id + 1, np.bool_)
    drivable: NDArray[np.bool_] = (costs != UNSEEN) & (costs < LETHAL)
    return drivable
