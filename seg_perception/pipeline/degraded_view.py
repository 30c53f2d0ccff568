"""What a camera shows that sees badly is never taken for a way that is free."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.core.errors import ConfigError
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import LabelMap, SemanticCloud
from seg_perception.fusion.occupancy import LETHAL, UNSEEN, cost_table
from seg_perception.pipeline.contradiction_watch import ContradictionWatch
from seg_perception.pipeline.familiarity_watch import FamiliarityWatch
from seg_perception.pipeline.misplaced_cameras import MisplacedCameras, States
from seg_perception.pipeline.picture_watch import HasMoved, PictureWatch


class Reason(Protocol):
    """Something for which what a camera shows can't be trusted."""

    def is_degraded(self, label_map: LabelMap) -> bool:
        """Take in a picture with its labels; whether they can't be trusted."""
        ...

    def state(self) -> str:
        """All that is remembered, in words that are the same where it is the same."""
        ...

    def clear(self) -> None:
        """Forget what was seen: the clock jumped."""
        ...


class DegradedView:
    """Takes back labels of ground that can be driven on, while a camera sees badly.

    What blocks the way stays: a planner that stops for nothing is better than one that does not.
    The label image itself is published as the network made it.

    Attributes:
        familiarity: how far the cameras' pictures are from those of the training.
    """

    def __init__(
        self,
        config: Config,
        ontology: Ontology,
        issues: IssueLog,
        has_moved: HasMoved,
        places: States = dict,
    ) -> None:
        """Start.

        Args:
            config: what is watched.
            ontology: the model's.
            issues: told of cameras.
            has_moved: whether a frame moved between two times (ns).
            places: by camera, what the watch over its place came to.
        """
        chosen = config.pictures
        self.familiarity = FamiliarityWatch(issues, is_trusted=not chosen.unfamiliar_blocks)
        self._reasons: tuple[Reason, ...] = (self.familiarity,)
        self._of_scans: tuple[ContradictionWatch, ...] = ()
        if chosen.watch:
            self._of_scans = (ContradictionWatch(issues),)
            seen = PictureWatch(issues, has_moved), *self._of_scans, MisplacedCameras(places)
            self._reasons = *seen, self.familiarity
        self._drivable = _drivable(config, ontology)
        self._unknown_id = ontology.unknown_id

    def take(self, semantic: SemanticCloud) -> None:
        """Take in a lidar's scan: what its points say of the cameras' labels."""
        for watch in self._of_scans:
            watch.take(semantic)

    def for_clouds(self, label_map: LabelMap) -> LabelMap:
        """The labels that points may have; the label map itself where nothing is amiss."""
        # Each reason has to see every picture.
        if not sum(reason.is_degraded(label_map) for reason in self._reasons):
            return label_map
        unknown = label_map.labels.dtype.type(self._unknown_id)
        labels = np.where(self._drivable.take(label_map.labels), unknown, label_map.labels)
        return replace(label_map, labels=labels, is_degraded=True)

    def state(self) -> str:
        """What is remembered of earlier pictures and scans."""
        return " ".join(reason.state() for reason in self._reasons)

    def clear(self) -> None:
        """Forget what was seen: the clock jumped."""
        for reason in self._reasons:
            reason.clear()


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
