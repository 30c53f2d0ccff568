"""The map of a whole recording, as a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seg_perception.config import Config
from seg_perception.core.issue_kinds.places import MAP_EMPTY, MAP_FAR, MAP_FULL, MAP_UNPLACED
from seg_perception.fusion.voxel_map import MapCount, VoxelMap
from seg_perception.fusion.voxels import Voxels
from seg_perception.io.class_comments import class_comments
from seg_perception.io.point_files import check_point_file, write_points
from seg_perception.outputs.clouds import map_points
from seg_perception.pipeline.perception import Perception
from seg_perception.pipeline.semantic_mapper import SemanticMapper, map_frame
from seg_perception.replay.votes import VoteLog

# Beyond it float32, which point files hold, is coarser than 4 mm.
_FAR_M = 50_000


@dataclass(frozen=True)
class MapSummary:
    """What became of a map.

    Attributes:
        file: where it was written; empty where there was nothing to write.
        frame: its frame.
        voxels: how many it has.
        entered: points that voted.
        given_up: voxels that made room in a full map.
        left_out: scans that could not be placed.
    """

    file: str
    frame: str
    voxels: int
    entered: int
    given_up: int
    left_out: int


def check_map_file(config: Config, path: Path) -> None:
    """Refuse what can't become a map file, before anything is written.

    Raises:
        ConfigError: the path, or no frame to map in.
    """
    check_point_file(path)
    map_frame(config, config.map)


class MapFile:
    """Gathers the map while the recording runs; memory ends at `map.max_voxels`."""

    def __init__(self, perception: Perception, path: Path) -> None:
        """Let everything that is labelled from now on enter.

        Raises:
            ConfigError: `map.excluded_classes` names classes that the ontology does not have.
        """
        self._path = path
        self._ontology = perception.ontology
        self._issues = perception.issues
        self._whole = perception.config.map.model_copy(update={"window_m": 0.0})
        self._max_voxels = self._whole.max_voxels
        self._mapper = perception.add_map(self._whole)

    @property
    def mapper(self) -> SemanticMapper:
        """Whom labelled scans enter by."""
        return self._mapper

    def empty_map(self) -> VoxelMap:
        """A map as its own was at the beginning."""
        return VoxelMap(self._whole, self._ontology.id_count)

    def log_votes(self, path: Path) -> VoteLog:
        """Let what enters from now on be written down, in place of entering."""
        log = VoteLog(path, self._whole, self._ontology.id_count)
        self._mapper.map = log
        return log

    def write(self) -> MapSummary:
        """Write the file; what is to be said of the map becomes an issue.

        Raises:
            ConfigError: it can't be written.
        """
        mapper = self._mapper
        voxels = mapper.voxels()
        count = mapper.map.count
        self._say(voxels, count)
        if len(voxels):
            points = map_points(voxels, self._ontology)
            write_points(self._path, points, class_comments(self._ontology))
        file = str(self._path) if len(voxels) else ""
        return MapSummary(
            file, mapper.frame, len(voxels), count.entered, count.given_up, mapper.left_out
        )

    def _say(self, voxels: Voxels, count: MapCount) -> None:
        frame, hold = self._mapper.frame, self._issues.hold
        if count.given_up:
            hold(MAP_FULL, "map", voxels=self._max_voxels, given_up=count.given_up)
        if len(voxels) and abs(voxels.xyz).max() > _FAR_M:
            hold(MAP_FAR, "map", frame=frame, far_km=_FAR_M / 1000)
        if not len(voxels) and self._mapper.left_out:
            hold(MAP_UNPLACED, "map", frame=frame, scans=self._mapper.left_out)
        elif not len(voxels):
            hold(MAP_EMPTY, "map")
