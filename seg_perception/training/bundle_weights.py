"""A model bundle's weights, back in the network that they were trained in.

An export folds each normalisation into its convolution. Here the convolutions get the folded
weights, and the normalisations, which then have nothing to do, are set to what they would find:
the answer stays the same, and training goes on from where it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from seg_perception.core.errors import TrainingError
from seg_perception.inference.bundle import Bundle
from seg_perception.training.models.network import SegmentationNetwork

_PROBE_PX = 64
_CLASSIFIER = "classifier"
_ROOT = "network."
_NUMBER = re.compile(r"^onnx::Conv_(\d+)$")
# With several GPUs their statistics are shared.
_Norm: TypeAlias = nn.BatchNorm2d | nn.SyncBatchNorm
_Layer = tuple[nn.Conv2d, _Norm | None]
_Convolution = tuple[NDArray[np.float32], NDArray[np.float32] | None]


def load_bundle(network: SegmentationNetwork, bundle: Bundle, *, same_classes: bool) -> None:
    """Put the weights of a bundle's plain model into a network of convolutions.

    Args:
        network: of the kind that the bundle was made of.
        bundle: whose weights are taken.
        same_classes: whether both have the same classes; else the last layer keeps its weights.

    Raises:
        TrainingError: the bundle's network is another one.
    """
    classifier: Any = getattr(network, _CLASSIFIER, None)
    for (layer, norm), (weight, bias) in _matched(network, bundle):
        keeps = layer is classifier and not same_classes
        expected, got = tuple(layer.weight.shape)[keeps:], weight.shape[keeps:]
        if expected != got:
            shapes = "x".join(map(str, got)), "x".join(map(str, expected))
            raise _another(bundle, f"a convolution {shapes[0]} instead of {shapes[1]}")
        if not keeps:
            _set(layer, norm, weight, bias)


def _matched(network: SegmentationNetwork, bundle: Bundle) -> list[tuple[_Layer, _Convolution]]:
    """Layers with their weights: by name, and where folding took the name, in order.

    The exporter numbers folded weights as they are met when the network runs.
    """
    named, numbered = _convolutions(bundle)
    layers = _in_order(network)
    names = {module: name for name, module in network.named_modules()}
    by_name = [layer for layer in layers if f"{_ROOT}{names[layer[0]]}.weight" in named]
    rest = [layer for layer in layers if layer not in by_name]
    if len(by_name) != len(named) or len(rest) != len(numbered):
        found = f"{len(named) + len(numbered)} convolutions instead of {len(layers)}"
        raise _another(bundle, found)
    pairs = [(layer, named[f"{_ROOT}{names[layer[0]]}.weight"]) for layer in by_name]
    return [*pairs, *zip(rest, numbered, strict=True)]


@torch.no_grad()
def match_statistics(network: SegmentationNetwork, batches: Iterable[Tensor]) -> None:
    """Let every normalisation expect what it gets, without changing what it answers.

    Args:
        network: in whatever state.
        batches: normalised images, float (B, 3, H, W), as the training shows them.
    """
    norms = [module for module in network.modules() if isinstance(module, _Norm)]
    sums = {norm: torch.zeros(3, norm.num_features, dtype=torch.float64) for norm in norms}

    def take(norm: Any, inputs: tuple[Tensor, ...]) -> None:
        x = inputs[0].double()
        counts = torch.full_like(x[0, :, 0, 0], x.numel() // x.shape[1])
        sums[norm] += torch.stack([counts, x.sum((0, 2, 3)), (x * x).sum((0, 2, 3))]).cpu()

    was_training = network.training
    with _hooked(norm.register_forward_pre_hook(take) for norm in norms):
        network.eval()
        for images in batches:
            network(images)
    network.train(was_training)
    for norm, (count, first, second) in sums.items():
        mean = first / count
        _expect(norm, mean, second / count - mean * mean)


def _expect(norm: _Norm, mean: Tensor, variance: Tensor) -> None:
    """Other statistics, and weights that make up for them."""
    assert norm.running_mean is not None  # noqa: S101 (for the type checker)
    assert norm.running_var is not None  # noqa: S101 (for the type checker)
    slope = norm.weight / (norm.running_var + norm.eps).sqrt()
    mean, variance = mean.to(slope), variance.clamp_min(0).to(slope)
    norm.bias += slope * (mean - norm.running_mean)
    norm.weight.copy_(slope * (variance + norm.eps).sqrt())
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)


@torch.no_grad()
def _set(
    layer: nn.Conv2d,
    norm: _Norm | None,
    weight: NDArray[np.float32],
    bias: NDArray[np.float32] | None,
) -> None:
    offset = torch.from_numpy(np.zeros(len(weight), np.float32) if bias is None else bias)
    layer.weight.copy_(torch.from_numpy(weight))
    if layer.bias is not None:
        layer.bias.copy_(offset)
        offset = torch.zeros_like(offset)
    if norm is not None:
        assert norm.running_mean is not None  # noqa: S101 (for the type checker)
        assert norm.running_var is not None  # noqa: S101 (for the type checker)
        norm.running_mean.zero_()
        norm.running_var.fill_(1 - norm.eps)
        norm.weight.fill_(1)
        norm.bias.copy_(offset)


@torch.no_grad()
def _in_order(network: SegmentationNetwork) -> list[_Layer]:
    """The convolutions in the order in which they are run, each with its normalisation."""
    order: list[_Layer] = []

    def convolution(layer: Any, _inputs: Any) -> None:
        order.append((layer, None))

    def norm(layer: Any, _inputs: Any) -> None:
        order[-1] = (order[-1][0], layer)

    was_training = network.training
    handles = [
        module.register_forward_pre_hook(convolution if isinstance(module, nn.Conv2d) else norm)
        for module in network.modules()
        if isinstance(module, nn.Conv2d | _Norm)
    ]
    with _hooked(handles):
        weight = next(network.parameters())
        network.eval()(weight.new_zeros(1, 3, _PROBE_PX, _PROBE_PX))
    network.train(was_training)
    return order


def _convolutions(bundle: Bundle) -> tuple[dict[str, _Convolution], list[_Convolution]]:
    """Weights and biases of a graph's convolutions: by name, and those with a number in its order.

    Raises:
        TrainingError: it has weights that no export of ours writes.
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(bundle.model_path)).graph
    values = {tensor.name: tensor for tensor in graph.initializer}
    # Weights may be stored in 16 bits, each with a cast.
    casts = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Cast"}

    def value(name: str) -> NDArray[np.float32]:
        name = casts.get(name, name)
        if name not in values:
            raise _another(bundle, "weights that are computed")
        return np.array(numpy_helper.to_array(values[name]), np.float32)

    named, numbered = {}, {}
    for node in graph.node:
        if node.op_type == "Conv":
            name = node.input[1]
            weights = value(name), value(node.input[2]) if len(node.input) > 2 else None
            if found := _NUMBER.search(name):
                numbered[int(found[1])] = weights
            else:
                named[name] = weights
    return named, [numbered[number] for number in sorted(numbered)]


@contextmanager
def _hooked(handles: Iterable[RemovableHandle]) -> Iterator[None]:
    taken = list(handles)
    try:
        yield
    finally:
        for handle in taken:
            handle.remove()


def _another(bundle: Bundle, found: str) -> TrainingError:
    return TrainingError(
        f"init: {bundle} is another network than `model` describes: it has {found}: describe "
        "the bundle's own network there, or start without `init`"
    )
