"""What the scans of a piece of a recording say for the map of the whole, in their order."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import MapConfig
from seg_perception.core.disk_errors import full_disk
from seg_perception.core.errors import OutputError
from seg_perception.fusion.voxel_map import VoxelMap


class VoteLog(VoxelMap):
    """Stands for a voxel map whose votes are cast later; nothing is written before it is opened.

    A map rounds sums of votes, halves and gives up voxels on its way: only the same votes in the
    same order make the same map.

    Attributes:
        is_open: whether votes are written.
    """

    def __init__(self, path: Path, config: MapConfig, class_count: int) -> None:
        """Create the file, which is of this process alone; the rest is as of a `VoxelMap`."""
        super().__init__(config, class_count)
        self.is_open = False
        self._path = path
        self._file: IO[bytes] = path.open("wb")

    def add(
        self,
        xyz: NDArray[np.float64],
        labels: NDArray[Any],
        confidence: NDArray[np.float32],
        robot_xyz: NDArray[np.float64],
        stamp_ns: int,
    ) -> None:
        """Write a vote; arguments as of `VoxelMap.add`.

        Raises:
            OutputError: the disk refuses.
        """
        self._write((xyz, labels, confidence, robot_xyz, stamp_ns))

    def clear(self) -> None:
        """Write that all is forgotten."""
        self._write(None)

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def _write(self, vote: tuple[Any, ...] | None) -> None:
        if self.is_open:
            with full_disk(self._path, OutputError):
                pickle.dump(vote, self._file)


def cast(path: Path, voxels: VoxelMap) -> None:
    """Enter the votes that another process of this run wrote."""
    with path.open("rb") as file:
        while file.peek(1):
            vote = pickle.load(file)  # noqa: S301 (our own, of this run)
            if vote is None:
                voxels.clear()
            else:
                voxels.add(*vote)
