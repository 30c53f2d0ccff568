"""What a training run is made of, read from YAML; paths are relative to that file."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from seg_perception.errors import ConfigError
from seg_perception.models.field_cnn import FieldCnnConfig


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceConfig(_Part):
    """One data set of a mix."""

    name: str
    folder: str = Field(description="under the data root; `--source NAME=PATH` overrides it")
    mapping: str = Field(description="label mapping, a YAML file")
    split: str = Field("", description="YAML file with `train` and `validation` names; empty takes all to train")
    share: float = Field(gt=0, description="share of the drawn images, relative to the other sources")


class AugmentationConfig(_Part):
    """How strongly images are varied."""

    scale: tuple[float, float] = Field((0.7, 1.7), description="zoom of the frame at network size")
    aspect: float = Field(1.2, ge=1, description="largest stretch of one axis against the other")
    rotation_rad: float = Field(0.08, ge=0)
    brightness: float = Field(0.35, ge=0, description="largest offset, share of the value range")
    contrast: float = Field(0.45, ge=0, lt=1)
    gamma: float = Field(1.7, ge=1)
    colour: float = Field(0.2, ge=0, lt=1, description="largest gain of one channel against the others")
    saturation: float = Field(0.6, ge=0)
    grey: float = Field(0.05, ge=0, le=1, description="probability of a grey image")
    blur: float = Field(0.2, ge=0, le=1, description="probability of a soft image")
    noise: float = Field(0.03, ge=0, description="largest standard deviation, share of the value range")


class OptimizerConfig(_Part):
    """AdamW with a warm-up and a cosine to zero."""

    learning_rate: float = Field(2e-3, gt=0)
    weight_decay: float = Field(0.02, ge=0)
    warmup_steps: int = Field(100, ge=0)
    clip_norm: float = Field(5.0, gt=0)
    ema_decay: float = Field(0.998, ge=0, lt=1)
    effective_number_beta: float = Field(0.998, ge=0, lt=1, description="of the class weights")


class TrainingConfig(_Part):
    """A whole run."""

    ontology: str
    model: FieldCnnConfig = FieldCnnConfig()
    sources: tuple[SourceConfig, ...] = Field(min_length=1)
    network_size: tuple[int, int] = Field((512, 288), description="width, height that the bundle serves")
    crop: tuple[int, int] = Field((320, 192), description="width, height of a training crop")
    batch_size: int = Field(16, ge=2)
    steps: int = Field(ge=1)
    validate_every: int = Field(250, ge=1)
    seed: int = 0
    bfloat16: bool = Field(True, description="mixed precision on the CPU")
    augmentation: AugmentationConfig = AugmentationConfig()
    optimizer: OptimizerConfig = OptimizerConfig()

    @classmethod
    def load(cls, path: Path) -> TrainingConfig:
        """Read a run's YAML.

        Raises:
            ConfigError: no such file, or the first thing in it that is wrong.
        """
        if not path.is_file():
            msg = f"training configuration {path} not found: expected a YAML file such as config/training/field_tiny.yaml"
            raise ConfigError(msg)
        try:
            return cls.model_validate(yaml.safe_load(path.read_text()))
        except ValidationError as error:
            first = error.errors()[0]
            msg = f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}"
            raise ConfigError(msg) from error
