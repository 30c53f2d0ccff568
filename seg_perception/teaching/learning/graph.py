"""A bundle's graph in two parts: an encoder that stays, and a head that is taught.

The head is taught inside the bundle's own graph: its weights change, nothing else does, so that
the taught model is as fast as the one before it and every engine that ran that one runs this.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from seg_perception.core.errors import TeachingError
from seg_perception.inference.manifest import Manifest

# What stands between class scores and labels in every export.
_AFTER_SCORES = frozenset({"ArgMax", "Cast", "Resize", "Squeeze", "Unsqueeze", "Identity"})
# Parts of an exporter's scopes, as /network/encoder/…, that are the encoder's.
_ENCODERS = frozenset({"encoder", "backbone", "stem", "middle", "deep"})
_WEIGHTED = frozenset({"Conv", "Gemm", "MatMul"})
# Of a new class's score, at the start.
_BEHIND = 0.5
# An exporter's name for what was no parameter, such as a pooling matrix.
_NO_PARAMETER = "Constant"


@dataclass(frozen=True, eq=False)
class TeachableGraph:
    """A graph whose scores, last layer and head are known.

    Attributes:
        proto: the ONNX model.
        scores: tensor of class scores, (1, C, h, w).
        last: the node that makes them, a convolution.
        head: nodes from the encoder to the scores, in order; the last layer alone where no
            encoder can be told.
        cuts: tensors that the head reads of the encoder.
    """

    proto: Any
    scores: str
    last: Any
    head: tuple[Any, ...]
    cuts: tuple[str, ...]

    @classmethod
    def of(cls, model: bytes, manifest: Manifest, supported: Collection[str]) -> TeachableGraph:
        """Find scores, last layer and head of a bundle's plain model.

        Args:
            model: the ONNX file's bytes.
            manifest: names the outputs and the classes.
            supported: operators that the head may have.

        Raises:
            TeachingError: its scores are not those of a convolution with a row a class.
        """
        proto = onnx.load_from_string(model)
        makers = {name: node for node in proto.graph.node for name in node.output}
        scores = _scores(manifest, makers)
        last = makers.get(scores)
        weights = _Weights(proto)
        if last is None or last.op_type != "Conv" or not weights.holds(last.input[1]):
            raise _no_last_layer(manifest, "none" if last is None else last.op_type)
        rows = len(weights.value(last.input[1]))
        if rows != manifest.class_count:
            raise _no_last_layer(manifest, f"a convolution of {rows} rows")
        head = _head(proto, scores, makers, supported) or (last,)
        made = {name for node in head for name in node.output}
        cuts = [
            name
            for name in dict.fromkeys(name for node in head for name in node.input)
            if name and name not in made and not weights.holds(name)
        ]
        return cls(proto, scores, last, head, tuple(cuts))

    def of_same_shape(self, model: bytes) -> TeachableGraph:
        """The same parts of a model that has the same nodes and other weights."""
        proto = onnx.load_from_string(model)
        nodes = {node.output[0]: node for node in proto.graph.node if node.output}
        head = tuple(nodes[node.output[0]] for node in self.head)
        return TeachableGraph(proto, self.scores, nodes[self.scores], head, self.cuts)

    @property
    def class_count(self) -> int:
        """Rows of the last layer."""
        return len(self.weights.value(self.last.input[1]))

    @property
    def features(self) -> str:
        """The tensor that the last layer reads, (1, D, h, w)."""
        return str(self.last.input[0])

    @cached_property
    def weights(self) -> _Weights:
        """All constants by name."""
        return _Weights(self.proto)

    def parameters(self) -> dict[str, NDArray[np.float32]]:
        """Weights and biases of the head that are taught, by name."""
        names = [
            name
            for node in self.head
            if node.op_type in _WEIGHTED
            for name in node.input[1:]
            if self.weights.is_parameter(name)
        ]
        return {name: self.weights.value(name).astype(np.float32) for name in names}

    def with_outputs(self, names: Iterable[str]) -> bytes:
        """The model with these tensors as further outputs."""
        proto = onnx.ModelProto()
        proto.CopyFrom(self.proto)
        have = {output.name for output in proto.graph.output}
        for name in dict.fromkeys(names):
            if name not in have:
                proto.graph.output.append(helper.make_empty_tensor_value_info(name))
        return bytes(proto.SerializeToString())


class _Weights:
    """Constants of a graph; weights that are stored in 16 bits are read through their cast."""

    def __init__(self, proto: Any) -> None:
        self._tensors = {tensor.name: tensor for tensor in proto.graph.initializer}
        self._casts = {
            node.output[0]: node.input[0]
            for node in proto.graph.node
            if node.op_type == "Cast" and node.input[0] in self._tensors
        }
        for node in proto.graph.node:
            if node.op_type == "Constant":
                self._tensors[node.output[0]] = node.attribute[0].t

    def holds(self, name: str) -> bool:
        return name in self._tensors or name in self._casts

    def stored(self, name: str) -> str:
        return self._casts.get(name, name)

    def value(self, name: str) -> NDArray[Any]:
        values: NDArray[Any] = numpy_helper.to_array(self._tensors[self.stored(name)])
        return values

    def is_parameter(self, name: str) -> bool:
        if not name or not self.holds(name) or _NO_PARAMETER in name:
            return False
        kind = self._tensors[self.stored(name)].data_type
        return kind in (TensorProto.FLOAT, TensorProto.FLOAT16)


def replace_weights(
    graph: TeachableGraph, values: Mapping[str, NDArray[np.float32]], class_count: int
) -> bytes:
    """The model with other weights in its head, and as many classes as its last layer has rows.

    Weights that are stored in 16 bits are rounded to them.

    Args:
        graph: as it was.
        values: by the names of `TeachableGraph.parameters`.
        class_count: rows of the last layer.
    """
    proto = onnx.ModelProto()
    proto.CopyFrom(graph.proto)
    tensors = {tensor.name: tensor for tensor in proto.graph.initializer}
    for name, value in values.items():
        stored = tensors[graph.weights.stored(name)]
        dtype = numpy_helper.to_array(stored).dtype
        stored.CopyFrom(numpy_helper.from_array(value.astype(dtype), stored.name))
    if class_count != graph.class_count:
        _grow(proto, graph.scores, graph.class_count, class_count)
    return bytes(proto.SerializeToString())


def with_rows(graph: TeachableGraph, like: Sequence[int]) -> bytes:
    """The model with more classes, each with a copy of a row of the last layer.

    A copy starts a little behind its original, which so keeps its pixels until clicks say more.

    Args:
        graph: as it was.
        like: the row that each new class starts from.
    """
    weight, *bias = (graph.weights.value(name) for name in graph.last.input[1:3])
    values = {graph.last.input[1]: np.concatenate([weight, weight[list(like)]])}
    if bias:
        behind = bias[0][list(like)] - _BEHIND
        values[graph.last.input[2]] = np.concatenate([bias[0], behind])
    return replace_weights(graph, values, graph.class_count + len(like))


def _grow(proto: Any, scores: str, before: int, after: int) -> None:
    """Let what is made of the scores have more classes: constant sizes, and declared shapes."""
    reached, sizes = {scores}, set()
    for node in proto.graph.node:
        if reached.intersection(node.input):
            reached.update(node.output)
            if node.op_type == "Resize" and len(node.input) > 3:
                sizes.add(node.input[3])
    for tensor in proto.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.name in sizes and values.size == 4 and values[1] == before:
            grown = np.array([values[0], after, *values[2:]], values.dtype)
            tensor.CopyFrom(numpy_helper.from_array(grown, tensor.name))
    for output in proto.graph.output:
        shape = output.type.tensor_type.shape.dim
        if output.name in reached and len(shape) == 4 and shape[1].dim_value == before:
            shape[1].dim_value = after
    del proto.graph.value_info[:]


def _scores(manifest: Manifest, makers: Mapping[str, Any]) -> str:
    """The tensor of class scores, by way back from what the manifest names."""
    output = manifest.output
    name = output.labels if output.kind == "labels_confidence" else output.name
    while name in makers and makers[name].op_type in _AFTER_SCORES:
        name = makers[name].input[0]
    return str(name)


def _head(
    proto: Any, scores: str, makers: Mapping[str, Any], supported: Collection[str]
) -> tuple[Any, ...]:
    """Nodes above the encoder; none where there is no encoder, or an operator is not known."""
    weights = _Weights(proto)
    needed = _ancestors([scores], makers, weights)
    marked = [node for node in needed if _ENCODERS.intersection(node.name.split("/"))]
    if not marked:
        return ()
    encoder = _ancestors([name for node in marked for name in node.output], makers, weights)
    kept = {id(node) for node in encoder}
    inside = {id(node) for node in needed} - kept
    head = tuple(node for node in proto.graph.node if id(makers.get(node.output[0])) in inside)
    return head if all(node.op_type in supported for node in head) else ()


def _ancestors(names: Sequence[str], makers: Mapping[str, Any], weights: _Weights) -> list[Any]:
    """Nodes that tensors are made by, without those that only unpack a constant."""
    found: dict[int, Any] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        node = makers.get(name)
        if node is None or weights.holds(name) or id(node) in found:
            continue
        found[id(node)] = node
        waiting.extend(node.input)
    return list(found.values())


def _no_last_layer(manifest: Manifest, found: str) -> TeachingError:
    return TeachingError(
        f"{manifest.name}: expected class scores that a convolution with a row for each of the "
        f"{manifest.class_count} classes makes, got {found}: such a model can't be taught "
        "yet; teach the default model, or one with a pixel head"
    )
