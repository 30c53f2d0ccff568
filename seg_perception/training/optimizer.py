"""Which weights learn, how fast over a run, and in which precision."""

from __future__ import annotations

import math
import re

import torch
from torch import nn

from seg_perception.core.errors import TrainingError
from seg_perception.training.config import OptimizerConfig, Precision

# Of FieldLite, EfficientNet-Lite0, a transformer under an adapter, ConvNeXt, and EoMT. The adapter
# itself starts at random and learns at the full rate.
_ENCODER = (
    *("encoder.", "backbone.encoder.", "backbone.vit.", "backbone.model."),
    *("model.embeddings.", "model.layers."),
)
_LAST_NORM = re.compile(r"\.(?:layer_)?norm\.")
_BLOCK = re.compile(r"(?:blocks|layers?|stages)\.(\d+)\.")


def parameter_groups(network: nn.Module, config: OptimizerConfig) -> list[dict[str, object]]:
    """Groups for AdamW, each with `rate`, its share of the learning rate.

    The rate falls by `layer_decay` from one block of the encoder to the one before it
    (Bao et al., "BEiT", ICLR 2022). Weight decay is for matrices only, not for biases
    and normalisation.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    depth = _encoder_depth(network)
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            rate = config.layer_decay ** (depth - layer_of(name, depth))
            decay = config.weight_decay if parameter.ndim > 1 else 0.0
            groups.setdefault((rate, decay), []).append(parameter)
    return [
        {"params": parameters, "rate": rate, "weight_decay": decay}
        for (rate, decay), parameters in groups.items()
    ]


def layer_of(name: str, depth: int) -> int:
    """0 for an encoder's stem, 1 to depth - 1 for its blocks, depth for all above them."""
    if not name.startswith(_ENCODER):
        return depth
    if block := _BLOCK.search(name):
        return int(block.group(1)) + 1
    return depth if _LAST_NORM.search(name) else 0


class FrozenLayers:
    """The first layers of an encoder, which keep weights and statistics.

    Args:
        network: with an `encoder` or `backbone`.
        count: of blocks, the stem not counted; 0 freezes nothing.

    Raises:
        TrainingError: the encoder has fewer blocks.
    """

    def __init__(self, network: nn.Module, count: int) -> None:
        """Take the gradients away."""
        self._modules: list[nn.Module] = []
        if count == 0:
            return
        depth = _encoder_depth(network)
        if count >= depth:
            msg = (
                f"expected at most {max(depth - 1, 0)} frozen_layers, the blocks of this encoder, "
                f"got {count}: freeze fewer"
            )
            raise TrainingError(msg)
        for name, parameter in network.named_parameters():
            if layer_of(name, depth) <= count:
                parameter.requires_grad_(requires_grad=False)
        self._modules = [
            module
            for name, module in network.named_modules()
            if name and layer_of(f"{name}.", depth) <= count and not list(module.children())
        ]

    def keep(self) -> None:
        """Hold the statistics after the network was set to training."""
        for module in self._modules:
            module.eval()


def _encoder_depth(network: nn.Module) -> int:
    """One more than the last block's layer; 0 without an encoder of numbered blocks."""
    blocks = [
        int(found.group(1))
        for name, _ in network.named_parameters()
        if name.startswith(_ENCODER) and (found := _BLOCK.search(name))
    ]
    return max(blocks) + 2 if blocks else 0


def learning_rate(step: int, steps: int, config: OptimizerConfig) -> float:
    """A linear warm-up, then a fall to zero.

    Half a cosine (Loshchilov and Hutter, "SGDR", ICLR 2017), or a power of what is left
    (Chen et al., "DeepLab", 2016).
    """
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    done = min((step - config.warmup_steps) / max(1, steps - config.warmup_steps), 1.0)
    if config.schedule == "poly":
        return config.learning_rate * float((1 - done) ** config.power)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


class MixedPrecision:
    """Autocast, and for fp16 a gradient scaler.

    Args:
        precision: of matrix products and convolutions.
        device: where it is computed.

    Raises:
        TrainingError: fp16 on a CPU.
    """

    def __init__(self, precision: Precision, device: torch.device) -> None:
        """Choose once."""
        if precision == "fp16" and device.type != "cuda":
            msg = f"precision fp16 needs a GPU, got {device.type}: use fp32 or bf16 here"
            raise TrainingError(msg)
        self._device, self._precision = device, precision
        self.scaler = torch.amp.GradScaler(device.type, enabled=precision == "fp16")

    def autocast(self) -> torch.autocast:
        """For the forward pass."""
        kind = _TYPES.get(self._precision, torch.bfloat16)
        return torch.autocast(self._device.type, kind, enabled=self._precision != "fp32")
