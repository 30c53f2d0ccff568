"""Public checkpoints, each with the line that imports it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from seg_perception.core.errors import ConfigError
from seg_perception.core.resources import config_path
from seg_perception.core.validation import read_yaml

_FILE = "zoo.yaml"


class ZooModel(BaseModel):
    """A public checkpoint.

    Attributes:
        id: where hubs have it.
        architecture: its class in `transformers`.
        ontology: of its classes: a shipped one, or NAME_n, of which it has n classes.
        named: whether the checkpoint is known to name its classes.
        size: width and height for the line; other sizes may do.
        licence: of the weights; empty: not found, look at its card.
        weights_m: number of weights, in millions.
        mean_iou: percent, as its authors published it for the validation set of its data.
        source: where they did.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    architecture: str
    ontology: str
    named: bool = True
    size: tuple[int, int]
    licence: str = ""
    weights_m: float | None = None
    mean_iou: float | None = Field(default=None, gt=0, lt=100)
    source: str = ""

    @model_validator(mode="after")
    def _figure_has_a_source(self) -> ZooModel:
        if (self.mean_iou is None) != (not self.source):
            msg = f"{self.id}: expected mean_iou and its source, or neither"
            raise ValueError(msg)
        return self

    @property
    def short_name(self) -> str:
        """Name of the bundle in the line."""
        return self.id.partition("/")[2].replace("-finetuned", "").replace(".", "_")

    @property
    def line(self) -> str:
        """The command that imports it."""
        width, height = self.size
        ontology = "" if self.named else f" --ontology {self.ontology}"
        licence = "" if self.licence else " --licence LICENCE"
        return (
            f"seg-perception import {self.id} -o {self.short_name} "
            f"--size {width}x{height}{ontology}{licence}"
        )


def zoo() -> Sequence[ZooModel]:
    """The checkpoints of `config/zoo.yaml`."""
    data = read_yaml(config_path(_FILE), "the shipped list of checkpoints", ConfigError)
    return TypeAdapter(list[ZooModel]).validate_python(data)
