"""A linear head on DINOv3, as Meta's training of segmentation writes it.

https://github.com/facebookresearch/dinov3, `dinov3/eval/segmentation`: `model_final.pth` holds
a batch normalisation and a convolution of one pixel, `segmentation_config.yaml` beside it says
what they read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from pydantic import BaseModel, Field, ValidationError
from torch import Tensor, nn

from seg_perception.core.errors import ImportModelError
from seg_perception.core.yaml_document import parse_yaml
from seg_perception.training.models.config import VitConfig
from seg_perception.training.models.dinov3 import PATCH, VitTokens, patch_map
from seg_perception.training.models.network import MEAN, STD, NetworkOutput, SegmentationNetwork
from seg_perception.training.models.weight_files import State, read_weights

CONFIG = "segmentation_config.yaml"
_PREFIX = "segmentation_model.1."
_PARTS = ("batchnorm_layer.", "conv.")
# Of the paper, for 24 blocks.
_EVEN = {24: (4, 11, 17, 23)}


class _Decoder(BaseModel):
    backbone_out_layers: Literal["LAST", "FOUR_LAST", "FOUR_EVEN_INTERVALS"] = "LAST"


class _Transforms(BaseModel):
    mean: tuple[float, float, float] = MEAN
    std: tuple[float, float, float] = STD


class _Evaluation(BaseModel):
    crop_size: int = Field(default=512, ge=PATCH)


class HeadConfig(BaseModel):
    """What a head's training was told, as far as its answers rest on it.

    Attributes:
        decoder_head: which blocks of the backbone it reads.
        transforms: mean and deviation of pixels, in units of a byte.
        eval: side of the squares that its authors cut an image into.
    """

    decoder_head: _Decoder = _Decoder()
    transforms: _Transforms = _Transforms()
    eval: _Evaluation = _Evaluation()


@dataclass(frozen=True)
class HeadFile:
    """A head's file.

    Attributes:
        path: of the file.
        state: its weights, `batchnorm_layer.*` and `conv.*`.
        config: what stands beside it; what Meta's training does by itself where nothing does.
        told: whether something does.
    """

    path: Path
    state: State
    config: HeadConfig
    told: bool

    @classmethod
    def read(cls, path: Path) -> HeadFile:
        """Read a head.

        Raises:
            ImportModelError: it is another kind of head, or its configuration can't be read.
            TrainingError: it is no file of weights.
        """
        given = {name.partition(_PREFIX)[2] or name: t for name, t in read_weights(path).items()}
        _expect_linear(path, given)
        file = path.with_name(CONFIG)
        told = file.is_file()
        return cls(path, given, _read_config(file) if told else HeadConfig(), told)

    @property
    def class_count(self) -> int:
        """How many classes it tells apart."""
        return int(self.state["conv.weight"].shape[0])

    def blocks(self, width: int, depth: int) -> tuple[int, ...]:
        """Which blocks of a backbone it reads, from 0.

        Raises:
            ImportModelError: its channels are those of another backbone, or it may be one of two.
        """
        read = int(self.state["conv.weight"].shape[1])
        if not self.told and read == 4 * width:
            msg = (
                f"{self.path} reads four blocks of the backbone, which may be the last four or "
                f"one of each quarter: put the {CONFIG} of its training beside it"
            )
            raise ImportModelError(msg)
        found = _blocks(self.config.decoder_head.backbone_out_layers, depth)
        if read != len(found) * width:
            msg = (
                f"{self.path} reads {read} channels, {len(found)} blocks of this backbone have "
                f"{len(found) * width}: give the backbone that it was trained on"
            )
            raise ImportModelError(msg)
        return found


class LinearNetwork(SegmentationNetwork):
    """A frozen DINOv3 and one linear layer.

    Args:
        backbone: description of the vision transformer.
        blocks: those that are read, ascending.
        class_count: number of classes.
    """

    stride = PATCH

    def __init__(self, backbone: VitConfig, blocks: Sequence[int], class_count: int) -> None:
        """Make it; weights are loaded into `tokens.model` and `head`."""
        super().__init__()
        self.tokens = VitTokens(backbone)
        self._blocks = tuple(blocks)
        channels = len(self._blocks) * backbone.shape.width
        self.head = nn.ModuleDict(
            {
                "batchnorm_layer": nn.BatchNorm2d(channels),
                "conv": nn.Conv2d(channels, class_count, kernel_size=1),
            }
        )

    def forward(self, x: Tensor) -> NetworkOutput:
        """Segment normalised images, float (B, 3, H, W)."""
        tokens, angles = self.tokens.embed(x)
        maps, first = [], 0
        for block in self._blocks:
            tokens = self.tokens.run(tokens, angles, range(first, block + 1))
            maps.append(patch_map(self.tokens.read(tokens)[1], x))
            first = block + 1
        features = self.head["batchnorm_layer"](torch.cat(maps, dim=1))
        return NetworkOutput(scores=self.head["conv"](features))


def _blocks(said: str, depth: int) -> tuple[int, ...]:
    if said == "FOUR_EVEN_INTERVALS":
        return _EVEN.get(depth, tuple(n * (depth // 4) - 1 for n in range(1, 5)))
    return tuple(range(depth - (4 if said == "FOUR_LAST" else 1), depth))


def _expect_linear(path: Path, state: State) -> None:
    odd = [name for name in state if not name.startswith(_PARTS)]
    if any("pixel_decoder" in name or "predictor" in name for name in odd):
        msg = (
            f"{path} is a Mask2Former head of Meta's: the published one fits the backbone of 7 "
            "billion weights alone, more than one ONNX file holds and a robot runs. What works: "
            "a linear head of Meta's training, or an EoMT on a smaller DINOv3"
        )
        raise ImportModelError(msg)
    if odd or "conv.weight" not in state or "batchnorm_layer.running_mean" not in state:
        names = ", ".join([*odd, *state][:3])
        msg = (
            f"{path}: expected the linear head that Meta's training of segmentation on DINOv3 "
            f"writes as model_final.pth (batchnorm_layer.*, conv.*), got {names}: export the "
            "network with its head as ONNX, and import that file"
        )
        raise ImportModelError(msg)


def _read_config(file: Path) -> HeadConfig:
    try:
        return HeadConfig.model_validate(parse_yaml(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
    msg = (
        f"{file} is not what Meta's training writes ({reason}): copy it again from beside the head"
    )
    raise ImportModelError(msg)
