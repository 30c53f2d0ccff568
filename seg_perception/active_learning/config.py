"""What makes a frame worth labelling, as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError

from seg_perception.config import ParameterGroup
from seg_perception.core.errors import ConfigError
from seg_perception.core.validation import explain


class MiningConfig(ParameterGroup):
    """How frames are chosen.

    What the weights multiply is of one scale: 0 for an ordinary frame, 1 for one that is
    alone in its bag.
    """

    count: int = Field(50, ge=1, le=10_000, description="Frames to choose")
    uncertainty: float = Field(1.0, ge=0, le=100, description="Weight of low confidence")
    disagreement: float = Field(
        1.0, ge=0, le=100, description="Weight of labels that neighbouring frames or cameras deny"
    )
    unfamiliarity: float = Field(
        1.0, ge=0, le=100, description="Weight of pictures that are unlike what the model knows"
    )
    rarity: float = Field(1.0, ge=0, le=100, description="Weight of classes that few frames show")
    diversity: float = Field(
        1.0, ge=0, le=100, description="Weight of the distance to the frames chosen before"
    )
    min_gap_s: float = Field(
        0.5, ge=0, le=3600, description="Least time between two chosen frames of one camera"
    )
    min_class_share: float = Field(
        0.001, ge=0, le=1, description="A frame shows a class that has this share of its pixels"
    )
    max_neighbour_s: float = Field(
        0.5, gt=0, le=60, description="Frames further apart are no neighbours"
    )
    shift: float = Field(
        0.05,
        ge=0,
        le=0.5,
        description="Without lidar: how far a label may move between neighbours, of the width",
    )
    seed: int = Field(1, ge=0, le=2**31 - 1, description="Of the random part of the candidates")

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> MiningConfig:
        """Check what a user gave.

        Raises:
            ConfigError: an unknown name, or a value that is refused.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            known = ", ".join(cls.model_fields)
            msg = f"{explain(error, 'mining')}; expected values of {known}"
            raise ConfigError(msg) from error
