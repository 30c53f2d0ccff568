import pytest

pytest.importorskip("torch", reason="the networks need torch: install the extra [train]")

from seg_perception.core.errors import ConfigError
from seg_perception.training.models.config import FieldCnnConfig, FieldLiteConfig
from seg_perception.training.models.factory import build_network

TINY = FieldCnnConfig(stem=8, middle=16, deep=16, dilations=(1,), decoder=16)


def test_a_size_that_does_not_fit_the_stride_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"size 70x48: expected multiples of 16.*instance 64x48"):
        build_network(TINY, 3, 0, (70, 48))


def test_the_stride_that_a_configuration_tells_without_torch_is_the_networks(tiny_presets) -> None:
    plain = {"cnn": TINY, "lite": FieldLiteConfig(family="field_lite")}
    for name, config in {**tiny_presets, **plain}.items():
        assert build_network(config, 3, 0, (64, 64)).stride == config.stride, name
