"""What driving over a class costs: groups of an ontology to the numbers of a costmap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import CostmapConfig
from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology

# nav_msgs/OccupancyGrid: 0 to 100, and -1 where nothing is known.
FREE, LETHAL, UNSEEN = 0, 100, -1


def cost_table(config: CostmapConfig, ontology: Ontology) -> NDArray[np.int8]:
    """Cost by class id, int8 (256 or 65536,): 0 to 100; -1 where a class does not count.

    Raises:
        ConfigError: no such grouping or group, or a cost that is none.
    """
    costs = _parse(config, ontology)
    groups = ontology.group_ids(config.grouping)
    table = np.full(ontology.unknown_id + 1, UNSEEN, np.int8)
    for index, name in enumerate(ontology.group_names(config.grouping)):
        table[groups == index] = costs.get(name, UNSEEN)
    return table


def _parse(config: CostmapConfig, ontology: Ontology) -> dict[str, int]:
    known = ontology.group_names(config.grouping)
    costs = {}
    for entry in config.costs:
        name, _, number = entry.partition("=")
        if name not in known or not number.isdecimal() or int(number) > LETHAL:
            msg = (
                f"costmap.costs: expected GROUP=0 to 100 with groups of {config.grouping} "
                f"({', '.join(known)}), got {entry!r}"
            )
            raise ConfigError(msg)
        costs[name] = int(number)
    return costs
