"""What a person says of an ONNX file, since the file does not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.inference.manifest import Precision

Triple = tuple[float, float, float]
Pixels = Literal["0..1", "0..255", "-1..1", "imagenet"]
Channels = Literal["rgb", "bgr"]
Layout = Literal["NCHW", "NHWC"]
Activation = Literal["softmax", "sigmoid", "none"]
PIXELS: tuple[Pixels, ...] = get_args(Pixels)
CHANNELS: tuple[Channels, ...] = get_args(Channels)

_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_SCALES: dict[Pixels, float] = {"0..1": 1 / 255, "0..255": 1.0, "-1..1": 1 / 255}


@dataclass(frozen=True)
class Answers:
    """What was said; None and empty: nothing.

    Attributes:
        size: width, height of the network, where the graph leaves it open.
        pixels: which numbers the network takes for bytes; `imagenet` is 0..1 with ImageNet's mean
            and deviation.
        mean, std: in units of `pixels`, in the order of the channels.
        channels: the order of colours.
        layout: of the input, where its shape does not tell.
        activation: what makes probabilities of the output's values.
        output: name of the output to take, where several would do.
        output_layout: of that output, where its shape does not tell.
        names: of the classes, by id.
        ontology: with these classes.
        licence: of the weights.
        name, version: of the bundle.
        precisions: of its variants.
    """

    size: tuple[int, int] | None = None
    pixels: Pixels | None = None
    mean: Triple | None = None
    std: Triple | None = None
    channels: Channels | None = None
    layout: Layout | None = None
    activation: Activation | None = None
    output: str = ""
    output_layout: Layout | None = None
    names: tuple[str, ...] = ()
    ontology: Ontology | None = None
    licence: str = ""
    name: str = "model"
    version: str = "1"
    precisions: tuple[Precision, ...] = ("fp32",)

    def __post_init__(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            ConfigError: two of them say the same, or a deviation is not above 0.
        """
        given = self.mean is not None or self.std is not None
        if given and self.pixels in ("-1..1", "imagenet"):
            msg = f"--pixels {self.pixels} has its own mean and std: leave out --mean and --std"
            raise ConfigError(msg)
        if self.names and self.ontology is not None:
            msg = "--names and --ontology both name the classes: give one of them"
            raise ConfigError(msg)
        if self.std is not None and min(self.std) <= 0:
            msg = f"--std: expected numbers above 0, got {self.std}"
            raise ConfigError(msg)

    def normalisation(self) -> tuple[float, Triple, Triple]:
        """Scale, mean, std: the network takes `(pixel * scale - mean) / std`."""
        pixels = self.pixels or "0..1"
        if pixels == "imagenet":
            return _SCALES["0..1"], *_IMAGENET
        half = (0.5, 0.5, 0.5)
        mean, std = (half, half) if pixels == "-1..1" else (self.mean, self.std)
        return _SCALES[pixels], mean or (0.0, 0.0, 0.0), std or (1.0, 1.0, 1.0)

    def assuming(self, pixels: Pixels, channels: Channels) -> Answers:
        """The same with what is not known yet."""
        return replace(self, pixels=self.pixels or pixels, channels=self.channels or channels)
