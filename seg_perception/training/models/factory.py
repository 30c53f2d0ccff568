"""The one place where a configuration becomes a network."""

from __future__ import annotations

from seg_perception.training.models.config import (
    EomtConfig,
    FieldLiteConfig,
    Mask2FormerConfig,
    ModelConfig,
    expect_multiples,
)
from seg_perception.training.models.field_cnn import FieldCnn
from seg_perception.training.models.field_lite import FieldLite
from seg_perception.training.models.network import SegmentationNetwork


def build_network(
    config: ModelConfig, class_count: int, coarse_count: int, size: tuple[int, int]
) -> SegmentationNetwork:
    """Make a network, randomly initialised.

    Args:
        config: its family, widths and depths.
        class_count: number of classes.
        coarse_count: coarse categories of the auxiliary head, for families that have
            one; 0: no such head.
        size: width, height of the images that it will see; the weights do not depend on it.

    Raises:
        ConfigError: the size does not fit the network's stride.
    """
    network = _make(config, class_count, coarse_count)
    expect_size(network, size)
    return network


def _make(config: ModelConfig, class_count: int, coarse_count: int) -> SegmentationNetwork:
    # `transformers` takes seconds to import, and a plain network does not need it.
    if isinstance(config, Mask2FormerConfig):
        from seg_perception.training.models.mask2former import Mask2Former

        return Mask2Former(config, class_count, coarse_count)
    if isinstance(config, EomtConfig):
        from seg_perception.training.models.eomt import Eomt

        return Eomt(config, class_count, coarse_count)
    if isinstance(config, FieldLiteConfig):
        return FieldLite(class_count, config)
    return FieldCnn(class_count, config)


def expect_size(network: SegmentationNetwork, size: tuple[int, int]) -> None:
    """Refuse a width and height that are no multiples of the stride.

    Raises:
        ConfigError: they are not.
    """
    expect_multiples(network.stride, size)
