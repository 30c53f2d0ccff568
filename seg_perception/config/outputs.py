"""Parameters of what is published, and of the node itself."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from seg_perception.config.parameter_group import EXPERT, LIVE, FrameId, ParameterGroup


class OutputConfig(ParameterGroup):
    """What is published, and in which shape."""

    cloud_profile: Literal["pcl", "viking", "autoware", "float32"] = Field(
        default="pcl", description="Names and types of the appended cloud fields"
    )
    drop_unlabelled: bool = Field(
        json_schema_extra=LIVE, default=False, description="Leave unknown points out of the clouds"
    )
    classes: list[str] = Field(
        default=[],
        json_schema_extra=LIVE,
        description="Classes or groups whose points alone stay in the clouds, such as person, "
        "vehicle; empty: all points",
    )
    confidence: bool = Field(default=True, description="Publish the confidence image")
    color: bool = Field(default=True, description="Publish the coloured label image")
    overlay: bool = Field(default=True, description="Publish the overlay picture")
    overlay_alpha: float = Field(
        json_schema_extra=LIVE,
        default=0.5,
        ge=0,
        le=1,
        description="Weight of the colours in the overlay",
    )
    png: bool = Field(default=False, description="Publish labels as PNG too, for another machine")
    colors: list[str] = Field(
        default=[],
        json_schema_extra=LIVE,
        description="CLASS=#rrggbb, in place of the ontology's colours",
    )
    nav2_semantic_cloud: bool = Field(
        json_schema_extra=EXPERT,
        default=False,
        description="Publish every lidar's labels as mask, confidence and cloud of one shape for "
        "Nav2's semantic_segmentation_layer (semantic/nav2)",
    )
    nav2_base_frame: FrameId = Field(
        json_schema_extra=EXPERT,
        default="base_link",
        description="Frame of the robot in which output.nav2_clearance_m is measured",
    )
    nav2_clearance_m: float = Field(
        json_schema_extra=EXPERT,
        default=2.5,
        gt=0,
        le=100,
        description="What lies higher above output.nav2_base_frame does not reach Nav2's layer",
    )


class NodeConfig(ParameterGroup):
    """How the node lives in the graph."""

    autostart: bool = Field(default=True, description="Configure and activate without being asked")
    input_reliability: Literal["auto", "reliable", "best_effort"] = Field(
        default="auto", description="auto: reliable where every publisher offers it"
    )
    input_depth: int = Field(
        json_schema_extra=EXPERT, default=5, ge=1, le=1000, description="DDS history of the inputs"
    )
    status_period_s: float = Field(
        json_schema_extra=EXPERT,
        default=1.0,
        gt=0,
        le=60,
        description="Period of status and diagnostics",
    )
