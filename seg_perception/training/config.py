"""What a training run is made of, read from YAML; paths are relative to that file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.core.validation import load_model
from seg_perception.training.models.config import FieldCnnConfig, ModelConfig

Precision = Literal["fp32", "bf16", "fp16"]
CATEGORIES = "goose_category"
METRICS = ("mean_iou", "category_mean_iou", "pixel_accuracy")
_YAML = (".yaml", ".yml")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceConfig(_Part):
    """One data set of a mix."""

    name: str
    folder: str = Field(description="under the data root; `--source NAME=PATH` overrides it")
    mapping: str = Field(
        default="",
        description="label mapping, a YAML file; empty: mapping.yaml (or .json) in its folder",
    )
    layout: str = Field(
        default="folder",
        description="of its folder, such as goose, coco or folder (images beside masks); empty: as "
        "its folders show",
    )
    split: str = Field(
        default="",
        description="YAML of two lists, `train` and `validation`, of images' names without suffix "
        "(SEQUENCE/NAME where the layout has sequences); empty: GOOSE's own train and val, else "
        "all images and none to validate with",
    )
    share: float = Field(
        default=1.0, gt=0, description="of the drawn images, relative to the others"
    )


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
    hue_rad: float = Field(default=0.0, ge=0, description="largest turn of the colour circle")
    grey: float = Field(default=0.05, ge=0, le=1, description="probability of a grey image")
    infrared: float = Field(
        default=0.0, ge=0, le=1, description="probability of a simulated near infrared image"
    )
    voronoi: float = Field(
        default=0.0, ge=0, le=1, description="probability of other colours in random cells"
    )
    voronoi_cells: int = Field(default=12, ge=1)
    blur: float = Field(default=0.2, ge=0, le=1, description="probability of a soft image")
    noise: float = Field(default=0.03, ge=0, description="largest deviation, 1 is full scale")
    colour_noise: float = Field(
        default=0.0, ge=0, le=1, description="probability that each channel has its own noise"
    )
    motion_blur: float = Field(
        default=0.0, ge=0, le=1, description="probability of an image smeared along a line"
    )
    motion_blur_px: float = Field(default=15.0, ge=2, description="longest smear, in the crop")
    darkness: float = Field(
        default=0.0, ge=0, le=1, description="probability of a part of the light, noise after it"
    )
    darkness_factor: float = Field(
        default=0.1, gt=0, le=0.7, description="least part of the light that is left"
    )
    darkness_noise: float = Field(
        default=0.03, ge=0, description="largest deviation of the noise in it, 1 is full scale"
    )
    jpeg: float = Field(default=0.0, ge=0, le=1, description="probability of JPEG's losses")
    jpeg_quality: int = Field(default=8, ge=1, le=59, description="lowest quality of them")
    haze: float = Field(default=0.0, ge=0, le=1, description="probability of haze")
    drops: float = Field(default=0.0, ge=0, le=1, description="probability of drops on the glass")
    dirt: float = Field(default=0.0, ge=0, le=1, description="probability of mud on the glass")


class SamplingConfig(_Part):
    """What is drawn more often than it occurs."""

    repeat_below: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="share of a source's images; the images of a class that fewer of them hold "
        "are repeated by the root of the ratio",
    )
    paste: float = Field(
        default=0.0, ge=0, le=1, description="probability that objects of a rare class are pasted"
    )
    paste_classes: tuple[str, ...] = Field(
        default=(), description="names of these classes, objects rather than surfaces"
    )


class LossConfig(_Part):
    """What is minimised."""

    effective_number_beta: float = Field(default=0.998, ge=0, lt=1)
    weights_from: tuple[str, ...] = Field(
        default=(),
        description="sources whose pixels the class weights follow from; empty: all. Photos of "
        "few classes that join a mix would take the weight from what is rare in it",
    )
    lovasz: float = Field(default=0.0, ge=0, description="share of the Lovasz loss")
    auxiliary: float = Field(default=1.0, ge=0, description="share of the auxiliary pixel head")
    coarse: float = Field(
        default=0.1, ge=0, description="share of the coarse categories in the image"
    )
    mask: float = Field(default=5.0, ge=0, description="share of a mask's cross-entropy")
    dice: float = Field(default=5.0, ge=0, description="share of a mask's Dice loss")
    mask_class: float = Field(default=2.0, ge=0, description="share of a mask's class")
    no_object: float = Field(default=0.1, ge=0, description="weight of queries without a mask")
    points: int = Field(default=12544, ge=16, description="points per mask that are compared")


class OptimizerConfig(_Part):
    """AdamW with a warm-up and a fall to zero."""

    learning_rate: float = Field(default=2e-3, gt=0)
    layer_decay: float = Field(
        default=1.0, gt=0, le=1, description="learning rate from an encoder's block to the next"
    )
    frozen_layers: int = Field(default=0, ge=0, description="of an encoder's blocks, from below")
    weight_decay: float = Field(default=0.02, ge=0)
    schedule: Literal["cosine", "poly"] = "cosine"
    power: float = Field(default=0.9, gt=0, description="of the poly schedule")
    warmup_steps: int = Field(default=100, ge=0)
    clip_norm: float = Field(default=5.0, gt=0)
    accumulate: int = Field(default=1, ge=1, description="batches whose gradients make one step")
    ema_decay: float = Field(default=0.998, ge=0, lt=1)


class TrainingConfig(_Part):
    """A whole run."""

    ontology: str = Field(description="a shipped ontology's name, or a YAML file")
    init: str = Field(
        default="",
        description="model bundle whose weights a new run starts from, the classifier apart: a "
        "shipped name or a path; of this network, and one of convolutions alone",
    )
    model: ModelConfig = Field(default_factory=FieldCnnConfig)
    sources: tuple[SourceConfig, ...] = Field(min_length=1)
    unseen: tuple[str, ...] = Field(
        default=(), description="classes of the ontology that no training image needs to hold"
    )
    network_size: tuple[int, int] = Field(default=(512, 288), description="width, height as served")
    crop: tuple[int, int] = Field(default=(320, 192), description="width, height in training")
    batch_size: int = Field(default=16, ge=1, description="images per process and batch")
    steps: int = Field(ge=1)
    validate_every: int = Field(default=250, ge=1)
    metric: str = Field(
        default="mean_iou",
        description="of the best checkpoint: mean_iou, category_mean_iou (of an ontology with the "
        "grouping goose_category), pixel_accuracy, or a class's name; mean over the sources that "
        "have it",
    )
    seed: int = 0
    precision: Precision = Field(
        default="fp32", description="mixed precision; a CPU without bf16 units is 10 times slower"
    )
    memory_mb: int = Field(default=4000, ge=0, description="decoded images that are kept")
    workers: int = Field(default=1, ge=1, description="threads that prepare batches")
    augmentation: AugmentationConfig = Field(default_factory=AugmentationConfig)
    sampling: SamplingConfig = Field(default_factory=SamplingConfig)
    loss: LossConfig = Field(default_factory=LossConfig)
    optimizer: OptimizerConfig = Field(default_factory=OptimizerConfig)

    @model_validator(mode="after")
    def _check_weights(self) -> TrainingConfig:
        names = [source.name for source in self.sources]
        if unknown := sorted(set(self.loss.weights_from) - set(names)):
            msg = f"loss.weights_from: expected sources among {names}, got {unknown[0]!r}"
            raise ValueError(msg)
        return self

    @property
    def weighed_sources(self) -> tuple[SourceConfig, ...]:
        """The sources whose pixels the class weights follow from."""
        named = self.loss.weights_from
        return tuple(s for s in self.sources if not named or s.name in named)

    @classmethod
    def load(cls, path: Path) -> TrainingConfig:
        """Read a run's YAML.

        Raises:
            ConfigError: no such file, or everything that is wrong in it, a sentence a line.
        """
        expected = "a run's YAML file, as `seg-perception train new` writes one"
        return load_model(cls, path, expected, ConfigError)


def load_ontology(name_or_path: str, base: Path) -> Ontology:
    """A run's ontology: a shipped one's name, or a YAML file beside the configuration.

    Raises:
        ConfigError: no such file, or it is not an ontology.
    """
    path = Path(name_or_path)
    return Ontology.load(base / path if path.suffix in _YAML else name_or_path)
