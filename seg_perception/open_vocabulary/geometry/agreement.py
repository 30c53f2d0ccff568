"""When the views of a place count as agreed."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Agreement(BaseModel):
    """How many have to say the same.

    Attributes:
        views: scans that met a voxel, each labelled by the pictures of its time.
        share: expected share of its winning class among its votes, 0 to 1.
        apart_m: way (metre) of the lidar between two scans that count as two views.
        voxel_m: edge of a voxel, metre.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    views: int = Field(default=5, ge=1, le=1000)
    share: float = Field(default=0.75, gt=0, lt=1)
    apart_m: float = Field(default=0.25, ge=0, le=100)
    voxel_m: float = Field(default=0.2, ge=0.02, le=2)
