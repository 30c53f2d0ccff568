"""The one place where a configuration becomes a network."""

from __future__ import annotations

from seg_perception.errors import ConfigError
from seg_perception.models.config import ModelConfig
from seg_perception.models.field_cnn import FieldCnn
from seg_perception.models.network import SegmentationNetwork


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
    del coarse_count
    network = FieldCnn(class_count, config)
    expect_size(network, size)
    return network


def expect_size(network: SegmentationNetwork, size: tuple[int, int]) -> None:
    """Refuse a width and height that are no multiples of the stride.

    Raises:
        ConfigError: they are not.
    """
    width, height = size
    stride = network.stride
    if width < stride or height < stride or width % stride or height % stride:
        fitting = "x".join(str(max(stride, round(n / stride) * stride)) for n in size)
        msg = (
            f"size {width}x{height}: expected multiples of {stride}, the network's stride; "
            f"for instance {fitting}"
        )
        raise ConfigError(msg)
