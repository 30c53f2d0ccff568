# ruff: noqa: E402  (torch, which may be absent, is looked for first)
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks need torch: install the extra [train]")

from seg_perception.training.models.config import FieldLiteConfig
from seg_perception.training.models.efficientnet_lite0 import Lite0Encoder, SameConv
from seg_perception.training.models.field_lite import FieldLite


def test_strided_convolution_pads_as_tensorflow_does() -> None:
    # Of an even size, "SAME" at stride 2 puts the odd pixel behind: the first window starts at 0.
    for kernel, first in ((3, 0), (5, -1)):
        convolution = SameConv(1, 1, kernel, stride=2)
        with torch.no_grad():
            convolution.weight.zero_()
            convolution.weight[0, 0, 0, 0] = 1
        picture = torch.arange(64.0).reshape(1, 1, 8, 8) + 1
        seen = convolution(picture)
        assert seen.shape == (1, 1, 4, 4)
        want = picture[0, 0, 2 + first, 2 + first]
        assert float(seen[0, 0, 1, 1].detach()) == float(want)


def test_encoder_has_the_parameters_of_the_published_network() -> None:
    # The public weights hold 4,652,008: 1,281,000 of the classifier and 412,160 of the layer
    # before it, which are not used here.
    parameters = sum(p.numel() for p in Lite0Encoder(16).parameters())
    assert parameters == 4_652_008 - 1_281_000 - 412_160


@pytest.mark.parametrize(("width", "height"), [(64, 64), (96, 32)])
def test_scores_are_a_quarter_of_the_image(width: int, height: int) -> None:
    network = FieldLite(5, FieldLiteConfig(family="field_lite", decoder=16)).eval()
    assert network(torch.zeros(2, 3, height, width)).scores.shape == (2, 5, height // 4, width // 4)


def test_default_network_stays_within_the_size_of_a_bundle() -> None:
    network = FieldLite(18, FieldLiteConfig(family="field_lite"))
    # Stored with 2 bytes a weight.
    assert 2 * sum(tensor.numel() for tensor in network.state_dict().values()) < 7_500_000


def test_prior_sets_the_bias_to_the_share_of_the_pixels() -> None:
    network = FieldLite(3, FieldLiteConfig(family="field_lite", decoder=16))
    network.start_from_prior(np.array([75, 25, 0]))
    assert network.classifier.bias is not None
    shares = network.classifier.bias.detach().exp().tolist()
    assert shares == pytest.approx([0.75, 0.25, 1e-4])
