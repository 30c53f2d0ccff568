import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from seg_perception.training.models.config import FieldCnnConfig, ModelConfig


class Run(BaseModel):
    model_config = ConfigDict(extra="forbid")
    model: ModelConfig = Field(default_factory=FieldCnnConfig)


def test_what_was_written_before_there_were_families_is_a_field_cnn() -> None:
    assert Run.model_validate({"model": {"stem": 8}}).model == FieldCnnConfig(stem=8)
    assert Run().model == FieldCnnConfig()


def test_json_round_trip() -> None:
    run = Run(model=FieldCnnConfig(deep=16))
    assert Run.model_validate_json(run.model_dump_json()) == run


def test_an_unknown_family_is_refused() -> None:
    with pytest.raises(ValidationError, match="field_cnn"):
        Run.model_validate({"model": {"family": "unet"}})
