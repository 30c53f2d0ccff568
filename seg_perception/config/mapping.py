"""Parameters of the voxel map and of what a planner gets."""

from __future__ import annotations

from pydantic import Field

from seg_perception.config.parameter_group import EXPERT, FrameId, ParameterGroup


class MapConfig(ParameterGroup):
    """The semantic voxel map."""

    enabled: bool = Field(
        default=False, description="Keep a voxel map and publish it on ~/map; off, it costs nothing"
    )
    frame: FrameId = Field(
        default="", description="Frame of the map; empty: transforms.fixed_frame"
    )
    voxel_m: float = Field(default=0.2, ge=0.01, le=10, description="Edge of a voxel")
    window_m: float = Field(
        default=50.0,
        ge=0,
        le=100000,
        description="Half the edge of the square around the robot that is kept; 0: all",
    )
    max_voxels: int = Field(
        json_schema_extra=EXPERT,
        default=1_000_000,
        ge=1,
        le=20_000_000,
        description="Beyond it the farthest voxels go",
    )
    period_s: float = Field(
        default=1.0, ge=0.05, le=3600, description="Time between two maps that are published"
    )
    update_period_s: float = Field(
        json_schema_extra=EXPERT,
        default=0.0,
        ge=0,
        le=60,
        description="Time between two messages on ~/map_updates of voxels that changed; 0: none",
    )
    update_voxels: int = Field(
        json_schema_extra=EXPERT,
        default=100_000,
        ge=1,
        le=10_000_000,
        description="A message of changed voxels holds no more; others come with the next",
    )
    min_confidence: float = Field(
        default=0.0, ge=0, le=1, description="Points below it do not enter"
    )
    min_scans: int = Field(
        default=1, ge=1, le=1000, description="Voxels that fewer scans met are not published"
    )
    half_life_scans: int = Field(
        json_schema_extra=EXPERT,
        default=200,
        ge=1,
        le=100000,
        description="After so many scans a voxel's counts are halved: it follows changes",
    )
    sensors: list[str] = Field(
        default=[], description="Lidars and radars whose points enter; empty: all lidars"
    )
    excluded_classes: list[str] = Field(
        default=[], description="Names of classes that do not enter, such as those that move"
    )
    load: str = Field(
        json_schema_extra=EXPERT,
        default="",
        description="Map file of `replay --map` that is remembered from the start; needs "
        "map.localized and memory.enabled",
    )
    localized: bool = Field(
        json_schema_extra=EXPERT,
        default=False,
        description="map.frame is the same at every start, and the robot finds its place in it",
    )


class MemoryConfig(ParameterGroup):
    """Labels for points that no camera sees now, from the voxels that were seen before."""

    enabled: bool = Field(
        default=False,
        description="Points out of view or hidden get their voxel's label, marked as remembered",
    )
    min_confidence: float = Field(
        default=0.35, ge=0, le=1, description="Voxels that are less certain are not remembered"
    )
    clear_rays: bool = Field(
        json_schema_extra=EXPERT,
        default=False,
        description="Forget voxels that a scan looks through, such as of a vehicle that left",
    )


class CostmapConfig(ParameterGroup):
    """What a planner gets: obstacles of every scan, and a costmap of the voxel map."""

    obstacles: bool = Field(
        default=False,
        description="Publish the points of every lidar that block the way (semantic/obstacles)",
    )
    grid: bool = Field(default=False, description="Publish a costmap of the voxel map on ~/costmap")
    grouping: str = Field(
        default="traversability", description="Grouping of the ontology that has costs"
    )
    costs: list[str] = Field(
        default=["drivable=0", "rough=40", "impassable=100", "dynamic=100"],
        description="GROUP=0 to 100; groups that are not named do not count",
    )
    min_confidence: float = Field(
        default=0.6, ge=0, le=1, description="Ground that is less certain is unseen, never free"
    )
    size_m: float = Field(
        default=40.0, gt=0, le=400, description="Edge of the costmap's square around the robot"
    )
    cell_m: float = Field(default=0.2, ge=0.05, le=10, description="Edge of a cell")
    clearance_m: float = Field(
        default=2.5, gt=0, le=100, description="What hangs higher above the ground does not block"
    )
