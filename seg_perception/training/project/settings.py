"""The figures of a first run: sizes and steps that suit the images that there are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from seg_perception.training.models.config import FieldLiteConfig

_STRIDE = FieldLiteConfig.stride
# As the shipped model: what a CPU labels ten times a second.
_PIXELS = 512 * 288
_CROP = 5 / 8
_BATCH = 8
_EPOCHS, _FEWEST_STEPS, _MOST_STEPS = 30, 300, 3000
_VALIDATIONS = 6


@dataclass(frozen=True)
class Settings:
    """What a run's configuration says beside its data.

    Attributes:
        network_size, crop: width, height.
        steps: of training.
        validate_every: steps.
    """

    network_size: tuple[int, int]
    crop: tuple[int, int]
    steps: int
    validate_every: int

    @classmethod
    def suited(cls, size: tuple[int, int], images: int, steps: int = 0) -> Settings:
        """For images of a width and height, so many to learn from.

        Args:
            size: width, height of most images.
            images: to learn from.
            steps: as wished; 0: as the number of images suggests.
        """
        width, height = size
        scale = min(1.0, math.sqrt(_PIXELS / (width * height)))
        network = (_fitting(width * scale), _fitting(height * scale))
        crop = (_fitting(network[0] * _CROP), _fitting(network[1] * _CROP))
        suggested = min(max(images * _EPOCHS // _BATCH, _FEWEST_STEPS), _MOST_STEPS)
        chosen = steps or suggested
        return cls(network, crop, chosen, max(1, chosen // _VALIDATIONS))

    def document(self, init: str) -> dict[str, Any]:
        """As a configuration has it.

        Args:
            init: bundle whose weights the run starts from; empty: ImageNet's.
        """
        start = {"init": init} if init else {}
        return {
            **start,
            "model": {"family": "field_lite", "pretrained": not init},
            "network_size": list(self.network_size),
            "crop": list(self.crop),
            "batch_size": _BATCH,
            "steps": self.steps,
            "validate_every": self.validate_every,
            "metric": "mean_iou",
            "seed": 1,
            "augmentation": {
                "brightness": 0.2,
                "contrast": 0.35,
                "gamma": 1.5,
                "colour": 0.15,
                "saturation": 0.5,
                "noise": 0.02,
            },
            "optimizer": {
                "learning_rate": 1.0e-3,
                "warmup_steps": min(30, max(1, self.steps // 10)),
                "ema_decay": 0.99,
                "layer_decay": 0.8,
                "frozen_layers": 3,
            },
            "loss": {"lovasz": 0.5},
        }


def _fitting(length: float) -> int:
    """The nearest multiple of the network's stride."""
    return max(1, round(length / _STRIDE)) * _STRIDE
