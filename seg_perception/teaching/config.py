"""What a teaching is set up with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError

from seg_perception.config import ParameterGroup
from seg_perception.core.errors import ConfigError
from seg_perception.core.validation import explain


class TeachingConfig(ParameterGroup):
    """How frames are chosen, and how much may be asked."""

    frames: int = Field(60, ge=1, le=2000, description="Frames to teach with")
    gate_frames: int = Field(40, ge=1, le=2000, description="Kept-aside frames to prove on")
    gate_share: float = Field(
        0.3, ge=0, lt=1, description="Share of the drive's stretches that is kept aside"
    )
    gate_points: int = Field(60, ge=8, le=1000, description="Points that the gate may ask a round")
    steps: int = Field(
        80,
        ge=1,
        le=10_000,
        description="Training steps of a round; twice as many from 200 clicks on",
    )
    replay_frames: int = Field(
        24, ge=0, le=1000, description="Simulated frames that hold what the model knows"
    )
    old_frames: int = Field(
        40, ge=1, le=2000, description="Frames of a known place that hold what the model knows"
    )
    neighbours: int = Field(
        0,
        ge=0,
        le=8,
        description="Pictures around a taught frame that its clicks are carried to by lidar and "
        "motion; 0: none",
    )
    neighbour_gap_s: float = Field(
        0.5, gt=0, le=30, description="How far they lie apart, and from the frame"
    )
    seed: int = Field(1, ge=0, le=2**31 - 1, description="Of everything that is drawn")


def parse_teaching(values: Mapping[str, Any]) -> TeachingConfig:
    """Check what a user gave.

    Raises:
        ConfigError: an unknown name, or a value that is refused.
    """
    try:
        return TeachingConfig.model_validate(values)
    except ValidationError as error:
        known = ", ".join(TeachingConfig.model_fields)
        msg = f"{explain(error, 'teaching')}; expected values of {known}"
        raise ConfigError(msg) from error
