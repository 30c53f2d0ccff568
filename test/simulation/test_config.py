from __future__ import annotations

import pytest
from pydantic import ValidationError

from seg_perception.core.errors import ConfigError
from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.world import World


@pytest.mark.parametrize(
    "wrong",
    [
        {"duration_s": 0.0},
        {"speed_mps": -1.0},
        {"lidar_beams": 1},
        {"lidar_beems": 64},
        {"seed": -1},
    ],
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValidationError):
        SimulationConfig(**wrong)


def test_every_field_says_what_it_is():
    assert all(field.description for field in SimulationConfig.model_fields.values())


def test_an_unknown_ontology_is_named(small):
    with pytest.raises(ConfigError, match="moon"):
        World(small.model_copy(update={"ontology": "moon"}))
