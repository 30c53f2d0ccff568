"""The head of a graph as a torch module: the same operators, with gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from onnx import helper
from torch import Tensor, nn
from torch.nn import functional

from seg_perception.inference.bundle import Bundle
from seg_perception.teaching.learning.graph import TeachableGraph

_SMALLEST = 1e-6
_Operator = Callable[[list[Any], Mapping[str, Any]], Tensor]


class TorchHead(nn.Module):
    """Runs the head's nodes in order.

    Normalisations are folded into the convolutions of an exported graph, and so are frozen by
    themselves: no statistics move while it is taught.
    """

    def __init__(self, graph: TeachableGraph) -> None:
        """Take nodes, constants and parameters of a graph."""
        super().__init__()
        self._nodes = [(node, _attributes(node)) for node in graph.head]
        self._scores, self._of_masks, self.cuts = graph.scores, graph.of_masks, graph.cuts
        parameters = graph.parameters()
        self._names = {name: f"p{number}" for number, name in enumerate(parameters)}
        for name, value in parameters.items():
            self.register_parameter(self._names[name], nn.Parameter(torch.tensor(value)))
        self._constants = {
            name: graph.weights.value(name)
            for node in graph.head
            for name in node.input
            if name and name not in parameters and graph.weights.holds(name)
        }

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        """Class scores (B, C, h, w) of the encoder's tensors by name."""
        scores: Tensor = self.values_of(features)[self._scores]
        # A softmax over the logarithms of sums is their shares.
        return scores.clamp_min(_SMALLEST).log() if self._of_masks else scores

    def values_of(self, features: Mapping[str, Tensor]) -> dict[str, Any]:
        """Every tensor of the head, by its name in the graph."""
        values: dict[str, Any] = dict(features)
        values |= {name: getattr(self, key) for name, key in self._names.items()}
        for name, constant in self._constants.items():
            values[name] = torch.from_numpy(np.array(constant))
        for node, attributes in self._nodes:
            inputs = [values[name] if name else None for name in node.input]
            values[node.output[0]] = OPERATORS[node.op_type](inputs, attributes)
        return values

    def values(self) -> dict[str, Any]:
        """Weights by their names in the graph, float32."""
        return {
            name: getattr(self, key).detach().numpy().copy() for name, key in self._names.items()
        }

    @torch.no_grad()
    def take(self, values: Mapping[str, Any]) -> None:
        """Set weights by their names in the graph."""
        for name, value in values.items():
            getattr(self, self._names[name]).copy_(torch.as_tensor(value))


def _attributes(node: Any) -> dict[str, Any]:
    return {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}


def _conv(inputs: list[Any], attributes: Mapping[str, Any]) -> Tensor:
    x, weight, *bias = inputs
    axes = weight.ndim - 2
    pads = list(attributes.get("pads", [0] * 2 * axes))
    if pads[:axes] != pads[axes:]:
        order = [n for axis in reversed(range(axes)) for n in (pads[axis], pads[axis + axes])]
        x, pads = functional.pad(x, order), [0] * 2 * axes
    return functional.conv2d(
        x,
        weight,
        bias[0] if bias else None,
        stride=attributes.get("strides", [1] * axes),
        padding=pads[:axes],
        dilation=attributes.get("dilations", [1] * axes),
        groups=attributes.get("group", 1),
    )


def _gemm(inputs: list[Any], attributes: Mapping[str, Any]) -> Tensor:
    a, b, *c = inputs
    a = a.mT if attributes.get("transA") else a
    b = b.mT if attributes.get("transB") else b
    product = attributes.get("alpha", 1.0) * (a @ b)
    return product + attributes.get("beta", 1.0) * c[0] if c else product


def _resize(inputs: list[Any], attributes: Mapping[str, Any]) -> Tensor:
    x = inputs[0]
    if len(inputs) > 3 and inputs[3] is not None:
        size = [int(n) for n in inputs[3][-2:]]
    else:
        size = [int(n * float(s)) for n, s in zip(x.shape[-2:], inputs[2][-2:], strict=True)]
    mode = attributes.get("mode", b"nearest").decode()
    if mode == "nearest":
        return functional.interpolate(x, size, mode="nearest")
    aligned = attributes.get("coordinate_transformation_mode", b"half_pixel") == b"align_corners"
    kind = {"linear": "bilinear", "cubic": "bicubic"}[mode]
    return functional.interpolate(x, size, mode=kind, align_corners=aligned)


def _clip(inputs: list[Any], attributes: Mapping[str, Any]) -> Tensor:
    x, low, high = [*inputs, None, None][:3]
    low = attributes.get("min", low)
    high = attributes.get("max", high)
    return x.clamp(None if low is None else float(low), None if high is None else float(high))


def _reshape(inputs: list[Any], _attributes: Mapping[str, Any]) -> Tensor:
    x, shape = inputs
    sizes = [int(n) for n in shape]
    # Graphs are traced for one image.
    return x.reshape([len(x), *sizes[1:]] if sizes[0] == 1 else sizes)


def _normalise(inputs: list[Any], attributes: Mapping[str, Any]) -> Tensor:
    x, scale, bias, mean, variance = inputs
    epsilon = attributes.get("epsilon", 1e-5)
    return functional.batch_norm(x, mean, variance, scale, bias, eps=epsilon)


def _slice(inputs: list[Any], _attributes: Mapping[str, Any]) -> Tensor:
    x, starts, ends = inputs[:3]
    axes = inputs[3] if len(inputs) > 3 and inputs[3] is not None else range(len(starts))
    steps = inputs[4] if len(inputs) > 4 and inputs[4] is not None else [1] * len(starts)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        parts = [slice(None)] * x.ndim
        parts[int(axis)] = slice(int(start), min(int(end), x.shape[int(axis)]), int(step))
        x = x[tuple(parts)]
    return x


OPERATORS: dict[str, _Operator] = {
    "Add": lambda i, _: i[0] + i[1],
    "BatchNormalization": _normalise,
    "Clip": _clip,
    "Concat": lambda i, a: torch.cat(i, dim=a["axis"]),
    "Conv": _conv,
    "Div": lambda i, _: i[0] / i[1],
    "Einsum": lambda i, a: torch.einsum(a["equation"].decode(), *i),
    "Erf": lambda i, _: i[0].erf(),
    "Gemm": _gemm,
    "GlobalAveragePool": lambda i, _: i[0].mean((-2, -1), keepdim=True),
    "HardSigmoid": lambda i, a: (a.get("alpha", 0.2) * i[0] + a.get("beta", 0.5)).clamp(0, 1),
    "HardSwish": lambda i, _: functional.hardswish(i[0]),
    "Identity": lambda i, _: i[0],
    "LeakyRelu": lambda i, a: functional.leaky_relu(i[0], a.get("alpha", 0.01)),
    "MatMul": lambda i, _: i[0] @ i[1],
    "Mul": lambda i, _: i[0] * i[1],
    "Relu": lambda i, _: i[0].relu(),
    "Reshape": _reshape,
    "Resize": _resize,
    "Sigmoid": lambda i, _: i[0].sigmoid(),
    "Slice": _slice,
    "Softmax": lambda i, a: i[0].softmax(a.get("axis", -1)),
    "Sub": lambda i, _: i[0] - i[1],
    "Transpose": lambda i, a: i[0].permute(*a["perm"]),
}
"""Every operator that a head may have, by its name in ONNX."""


def teachable(bundle: Bundle) -> TeachableGraph:
    """The parts of a bundle's plain model that teaching needs.

    Raises:
        TeachingError: it can't be taught.
    """
    return TeachableGraph.of(bundle.model_path.read_bytes(), bundle.manifest, OPERATORS)
