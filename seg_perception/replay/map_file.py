"""The map of a whole recording, as a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seg_perception.config import Config
from seg_perception.io.point_files import check_point_file, write_points
from seg_perception.outputs.clouds import map_points
from seg_perception.pipeline.perception import Perception
from seg_perception.pipeline.semantic_mapper import SemanticMapper, map_frame

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
    """Gathers the map while the recording runs; memory ends at `map.max_voxels`.

    Attributes:
        notes, problems: what is to be said of it, once it was written.
    """

    def __init__(self, perception: Perception, path: Path) -> None:
        """Let everything that is labelled from now on enter.

        Raises:
            ConfigError: `map.excluded_classes` names classes that the ontology does not have.
        """
        self.notes: list[str] = []
        self.problems: list[str] = []
        self._path = path
        self._ontology = perception.ontology
        whole = perception.config.map.model_copy(update={"window_m": 0.0})
        self._max_voxels = whole.max_voxels
        self._mapper = perception.add_map(whole)

    def write(self) -> MapSummary:
        """Write the file.

        Raises:
            ConfigError: it can't be written.
        """
        mapper = self._mapper
        voxels = mapper.voxels()
        count = mapper.map.count
        self.problems += _problems(mapper, len(voxels))
        self.notes += self._notes()
        if len(voxels):
            write_points(self._path, map_points(voxels, self._ontology))
            if abs(voxels.xyz).max() > _FAR_M:
                self.notes.append(
                    f"map: coordinates in {mapper.frame} lie beyond {_FAR_M / 1000:g} km, where "
                    "float32 is coarse; set map.frame to a local frame, for instance odom"
                )
        file = str(self._path) if len(voxels) else ""
        return MapSummary(
            file, mapper.frame, len(voxels), count.entered, count.given_up, mapper.left_out
        )

    def _notes(self) -> Iterator[str]:
        if given_up := self._mapper.map.count.given_up:
            yield (
                f"map: more than {self._max_voxels} voxels, the {given_up} farthest were given "
                "up; raise map.max_voxels or map.voxel_m"
            )
        if self._mapper.left_out:
            yield f"map: {self._mapper.left_out} scans left out: {self._mapper.problem}"


def _problems(mapper: SemanticMapper, voxels: int) -> Iterator[str]:
    if voxels:
        return
    if mapper.left_out:
        yield f"map: no scan could be placed in {mapper.frame}: {mapper.problem}"
    else:
        yield (
            "map: empty, no labelled point entered; see what became of the points, and check "
            "map.sensors, map.excluded_classes, map.min_confidence and map.min_scans"
        )
