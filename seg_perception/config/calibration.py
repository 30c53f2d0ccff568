"""Parameters of the watch over the cameras' calibration while driving."""

from __future__ import annotations

from pydantic import Field

from seg_perception.config.parameter_group import EXPERT, LIVE, ParameterGroup


class CalibrationConfig(ParameterGroup):
    """What is noticed, and done, when a camera no longer sits where tf says."""

    monitor: bool = Field(
        default=True,
        description="Compare edges of pictures and lidar scans while driving, and say which camera "
        "has moved",
    )
    follow: bool = Field(
        json_schema_extra=LIVE,
        default=False,
        description="Correct a camera that has moved by at most 1 degree, and say so",
    )
    interval_s: float = Field(
        json_schema_extra=EXPERT,
        default=3.3,
        ge=0.1,
        le=600,
        description="From one moment that is looked at to the next, with one camera; each more "
        "makes it longer by half",
    )
