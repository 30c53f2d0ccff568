"""How labelled scans get into the maps: at once, or by somebody who takes them over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import SemanticCloud
from seg_perception.pipeline.scan import Scan
from seg_perception.pipeline.semantic_mapper import SemanticMapper


@dataclass(frozen=True, eq=False)
class MappedScan:
    """A labelled scan on its way into a map.

    Attributes:
        scan: where it comes from.
        xyz: float32 (N, 3), metre, its points at its stamp, sensor frame.
        semantic: their labels.
    """

    scan: Scan
    xyz: NDArray[np.float32]
    semantic: SemanticCloud


class MapEntry(Protocol):
    """Brings scans into maps in the order in which they come."""

    def enter(self, mapper: SemanticMapper, scan: MappedScan) -> None:
        """Take a scan over for a map."""

    def clear(self) -> None:
        """Forget what is not in its map yet: the clock jumped."""


class EntryAtOnce:
    """Every scan is in the map when `enter` returns."""

    def enter(self, mapper: SemanticMapper, scan: MappedScan) -> None:
        """Enter it."""
        mapper.add(scan.scan, scan.xyz, scan.semantic)

    def clear(self) -> None:
        """Nothing waits."""
