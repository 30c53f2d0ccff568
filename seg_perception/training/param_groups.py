"""Which weights learn, and how fast: groups of an optimizer by depth in the encoder."""

from __future__ import annotations

import re

from torch import nn

from seg_perception.core.errors import TrainingError
from seg_perception.training.config import OptimizerConfig

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
