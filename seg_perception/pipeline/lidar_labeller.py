"""Labels of a lidar's scan: each point from the pixel in which it lies, if nothing hides it."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.core.types import SemanticCloud
from seg_perception.fusion.label_transfer import AskedCloud, transfer_labels
from seg_perception.fusion.plausibility import Plausibility
from seg_perception.fusion.transfer import Transfer
from seg_perception.fusion.view import View
from seg_perception.pipeline.scan import Scan
from seg_perception.pipeline.scan_buffer import ScanBuffer

# What registered clouds of depth cameras carry, and no lidar measures.
_COLOURS = frozenset({"rgb", "rgba"})


class LidarLabeller:
    """Labels lidar scans, and keeps them for those that come after."""

    def __init__(self, config: Config, scans: ScanBuffer, plausibility: Plausibility) -> None:
        """Remember whom to ask."""
        self._config = config.transfer
        self._scans = scans
        self._plausibility = plausibility
        self._ahead: WeakKeyDictionary[Scan, AskedCloud] = WeakKeyDictionary()

    def reconfigure(self, config: Config) -> None:
        """Work with other ranges and thresholds from now on."""
        self._config = config.transfer
        # In place of clearing it: the thread of the clouds may be at it.
        self._ahead = WeakKeyDictionary()

    def transfer(
        self, scan: Scan, xyz: NDArray[np.float32], views: Sequence[View], unknown_id: int
    ) -> Transfer:
        """Labels of the points; earlier scans help to tell what hides what.

        Args:
            scan: where they come from.
            xyz: float32 (N, 3), metre, at the scan's stamp, sensor frame.
            views: of the cameras.
            unknown_id: label of points that get none.
        """
        ahead = self._ahead.pop(scan, None)
        if ahead is not None and ahead.xyz is xyz:
            return ahead.decide(views, unknown_id)
        earlier = self._scans.before(scan, self._config.accumulated_scans)
        return transfer_labels(
            xyz,
            views,
            self._config,
            unknown_id,
            earlier,
            self._plausibility,
            of_pixels=_is_of_pixels(scan),
        )

    def look_ahead(
        self, scan: Scan, xyz: NDArray[np.float32], view: View, *, several: bool
    ) -> None:
        """Ask a view now about a scan that waits for others; all arguments are as there.

        With earlier scans in its depth buffer nothing is done: one may still be added.
        """
        if self._config.accumulated_scans:
            return
        ahead = self._ahead.get(scan)
        if ahead is None:
            plausibility, of_pixels = self._plausibility, _is_of_pixels(scan)
            ahead = AskedCloud(xyz, self._config, (), plausibility, of_pixels=of_pixels)
            self._ahead[scan] = ahead
        ahead.ask(view, several=several)

    def moving(self, scan: Scan) -> NDArray[np.uint8] | None:
        """Nothing: a lidar does not measure what moves."""
        del scan
        return None

    def remember(self, scan: Scan, xyz: NDArray[np.float32], semantic: SemanticCloud) -> None:
        """Keep a labelled scan; `xyz` as for `transfer`."""
        self._scans.add(scan, xyz, semantic)


def _is_of_pixels(scan: Scan) -> bool:
    return not _COLOURS.isdisjoint(scan.cloud.fields)
