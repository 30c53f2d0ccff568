"""Weights into networks, strictly: nothing is missing and nothing is left over."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from torch import Tensor, nn

from seg_perception.core.errors import TrainingError
from seg_perception.training.models import checkpoint_conversion
from seg_perception.training.models.config import ConvNextConfig, ModelConfig, VitConfig
from seg_perception.training.models.dinov3 import ConvNextPyramid
from seg_perception.training.models.efficientnet_lite0 import Lite0Pyramid
from seg_perception.training.models.eomt import Eomt
from seg_perception.training.models.mask2former import Mask2Former
from seg_perception.training.models.network import SegmentationNetwork
from seg_perception.training.models.weight_files import State, download, read_weights, write_weights

HUB = "hub"


def load_pretrained(network: SegmentationNetwork, config: ModelConfig) -> None:
    """Start a training as its configuration says: from published or local weights, or at random.

    Args:
        network: made from the configuration.
        config: names the weights as `backbone.pretrained`; empty: nothing is done.

    Raises:
        TrainingError: the weights can't be had, or do not fit.
    """
    backbone = getattr(config, "backbone", None)
    if not isinstance(backbone, VitConfig | ConvNextConfig) or not backbone.pretrained:
        return
    source = backbone.pretrained
    if source != HUB:
        load_backbone(network, Path(source))
        return
    name = backbone.shape.hub
    if not name:
        msg = (
            f"pretrained: hub: there are no published weights of the {backbone.kind} size "
            f"{backbone.size}, or not with other widths or depths: name a file, or leave it out"
        )
        raise TrainingError(msg)
    load_backbone(network, download(name))


def load_backbone(network: SegmentationNetwork, path: Path) -> None:
    """Load a DINOv3 backbone: hub format, Meta's `.pth`, or `transformers`' own names.

    Raises:
        TrainingError: not a file of weights, a key is missing or left over, a shape
            differs, or the network has no such backbone.
    """
    state = read_weights(path)
    if isinstance(network, Eomt):
        expected = {
            name: tensor
            for name, tensor in network.model.state_dict().items()
            if name.startswith(("embeddings.", "layers.", "layernorm."))
        }
        converted = checkpoint_conversion.eomt_backbone_state(state)
        expect_fitting(expected, converted, path)
        network.model.load_state_dict(converted, strict=False)
    elif isinstance(network, Mask2Former) and not isinstance(network.backbone, Lite0Pyramid):
        module = network.backbone
        model = module.model if isinstance(module, ConvNextPyramid) else module.vit.model
        load_strictly(model, checkpoint_conversion.backbone_state(state), path)
    else:
        msg = f"{path}: {type(network).__name__} has no DINOv3 backbone to load it into"
        raise TrainingError(msg)


def load_head(network: Mask2Former, path: Path) -> None:
    """Load the decoders of a Mask2Former of `transformers`, whatever backbone it had.

    Raises:
        TrainingError: as `load_backbone`; the maps' channels and the number of classes
            must be the network's own.
    """
    state = checkpoint_conversion.mask2former_state(read_weights(path))
    head = {n.removeprefix("head."): t for n, t in state.items() if n.startswith("head.")}
    load_strictly(network.head, head, path)


def load_weights(network: SegmentationNetwork, path: Path) -> None:
    """Load a whole network: this project's safetensors, or `transformers`' Mask2Former or EoMT.

    Raises:
        TrainingError: not a file of weights, a key is missing or left over, a shape differs.
    """
    state = read_weights(path)
    unused: Collection[str] = ()
    if isinstance(network, Mask2Former) and checkpoint_conversion.is_foreign(
        state, ["model.pixel_level_module."]
    ):
        state = checkpoint_conversion.mask2former_state(state)
        # The norm of the image token, which no Mask2Former of `transformers` has.
        if network.coarse is None and isinstance(network.backbone, ConvNextPyramid):
            unused = ("backbone.model.layer_norm.weight", "backbone.model.layer_norm.bias")
    elif isinstance(network, Eomt) and checkpoint_conversion.is_foreign(state, ["embeddings."]):
        state = checkpoint_conversion.eomt_state(state)
    load_strictly(network, state, path, unused)


def save_weights(network: SegmentationNetwork, config: ModelConfig, path: Path) -> None:
    """Write a network's weights as safetensors, with the configuration beside them.

    Raises:
        TrainingError: the disk refuses.
    """
    metadata = {"format": "pt", "model": config.model_dump_json()}
    write_weights(path, network.state_dict(), metadata)


def load_strictly(
    module: nn.Module, state: State, path: Path, unused: Collection[str] = ()
) -> None:
    """Load a state dict that must fit as a whole.

    Args:
        module: what is loaded.
        state: tensors by name.
        path: where they come from, for messages.
        unused: names that may be missing, since nothing reads them.

    Raises:
        TrainingError: a key is missing or left over, or a shape differs; all are listed.
    """
    expected = {n: t for n, t in module.state_dict().items() if n not in unused}
    expect_fitting(expected, state, path)
    module.load_state_dict(state, strict=False)


def expect_fitting(expected: State, given: State, path: Path) -> None:
    """Compare names and shapes.

    Raises:
        TrainingError: they differ; every name is listed.
    """
    shapes = [
        f"{n} {_shape(given[n])} instead of {_shape(expected[n])}"
        for n in sorted(expected.keys() & given.keys())
        if given[n].shape != expected[n].shape
    ]
    wrong = {
        "missing": sorted(expected.keys() - given.keys()),
        "unexpected": sorted(given.keys() - expected.keys()),
        "of another shape": shapes,
    }
    differences = [
        f"{len(names)} {what}: {', '.join(names)}" for what, names in wrong.items() if names
    ]
    if differences:
        msg = (
            f"{path}: does not fit the network; {'; '.join(differences)}. "
            "Choose the size, depth and classes that these weights were made for"
        )
        raise TrainingError(msg)


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "scalar"
