"""What a training run is made of, read from YAML; paths are relative to that file."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from seg_perception.errors import ConfigError
from seg_perception.models.config import FieldCnnConfig, ModelConfig
from seg_perception.validation import load_model


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceConfig(_Part):
    """One data set of a mix."""

    name: str
    folder: str = Field(description="under the data root; `--source NAME=PATH` overrides it")
    mapping: str = Field(description="label mapping, a YAML file")
    split: str = Field(default="", description="YAML of `train` and `validation` names; empty: all")
    share: float = Field(gt=0, description="of the drawn images, relative to the others")


class AugmentationConfig(_Part):
    """How strongly images are varied."""

    scale: tuple[float, float] = Field(
        default=(0.7, 1.7), description="zoom into the network's frame"
    )
    aspect: float = Field(default=1.2, ge=1, description="largest stretch of an axis")
    rotation_rad: float = Field(default=0.08, ge=0)
    brightness: float = Field(default=0.35, ge=0, description="largest offset, 1 is full scale")
    contrast: float = Field(default=0.45, ge=0, lt=1)
    gamma: float = Field(default=1.7, ge=1)
    colour: float = Field(default=0.2, ge=0, lt=1, description="largest gain of a channel")
    saturation: float = Field(default=0.6, ge=0)
    grey: float = Field(default=0.05, ge=0, le=1, description="probability of a grey image")
    blur: float = Field(default=0.2, ge=0, le=1, description="probability of a soft image")
    noise: float = Field(default=0.03, ge=0, description="largest deviation, 1 is full scale")


class OptimizerConfig(_Part):
    """AdamW with a warm-up and a cosine to zero."""

    learning_rate: float = Field(default=2e-3, gt=0)
    weight_decay: float = Field(default=0.02, ge=0)
    warmup_steps: int = Field(default=100, ge=0)
    clip_norm: float = Field(default=5.0, gt=0)
    ema_decay: float = Field(default=0.998, ge=0, lt=1)
    effective_number_beta: float = Field(default=0.998, ge=0, lt=1)
    lovasz: float = Field(default=0.0, ge=0, description="share of the Lovasz loss")
    layer_decay: float = Field(
        default=1.0, gt=0, le=1, description="learning rate from an encoder's block to the next"
    )
    frozen_layers: int = Field(default=0, ge=0, description="of an encoder's blocks, from below")


class TrainingConfig(_Part):
    """A whole run."""

    ontology: str
    model: ModelConfig = Field(default_factory=FieldCnnConfig)
    sources: tuple[SourceConfig, ...] = Field(min_length=1)
    network_size: tuple[int, int] = Field(default=(512, 288), description="width, height as served")
    crop: tuple[int, int] = Field(default=(320, 192), description="width, height in training")
    batch_size: int = Field(default=16, ge=2)
    steps: int = Field(ge=1)
    validate_every: int = Field(default=250, ge=1)
    seed: int = 0
    bfloat16: bool = Field(default=False, description="mixed precision on the CPU")
    augmentation: AugmentationConfig = Field(default_factory=AugmentationConfig)
    optimizer: OptimizerConfig = Field(default_factory=OptimizerConfig)

    @classmethod
    def load(cls, path: Path) -> TrainingConfig:
        """Read a run's YAML.

        Raises:
            ConfigError: no such file, or the first thing in it that is wrong.
        """
        expected = "a YAML file such as config/training/field_tiny.yaml"
        return load_model(cls, path, expected, ConfigError)
