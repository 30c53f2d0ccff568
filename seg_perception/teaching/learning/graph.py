"""A bundle's graph in two parts: an encoder that stays, and a head that is taught.

The head is taught inside the bundle's own graph: its weights change, nothing else does, so that
the taught model is as fast as the one before it and every engine that ran that one runs this.
"""

from __future__ import annotations

from collections import deque
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
# What stands between the shares of the classes and the confidence.
_AFTER_SHARES = frozenset({"Cast", "Round", "Mul", "Gather", "Resize", "ReduceMax"})
# Parts of an exporter's scopes, as /network/encoder/…, that are the encoder's.
_ENCODERS = frozenset({"encoder", "backbone", "stem", "middle", "deep"})
# Where the weights stand among the inputs of operators that have some.
_FIRST_WEIGHT = {"Conv": 1, "ConvTranspose": 1, "Gemm": 1, "MatMul": 1, "Add": 0}
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
        of_masks: whether these are a mask decoder's sums, and not logits.
        last: the node that makes a number a class: a convolution, or a mask decoder's product.
        head: nodes that are taught, in order.
        cuts: tensors that the head reads of what is not.
    """

    proto: Any
    scores: str
    of_masks: bool
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
            TeachingError: its scores are not those of a layer with a row a class.
        """
        proto = onnx.load_from_string(model)
        makers = {name: node for node in proto.graph.node for name in node.output}
        weights = _Weights(proto)
        scores, of_masks = _scores(manifest, makers)
        last = _last(scores, makers, weights) if of_masks else makers.get(scores)
        _expect_rows(manifest, last, weights, manifest.class_count + of_masks)
        head = _head(proto, scores, makers, supported, anywhere=of_masks) or (last,)
        made = {name for node in head for name in node.output}
        cuts = [
            name
            for name in dict.fromkeys(name for node in head for name in node.input)
            if name and name not in made and not weights.holds(name)
        ]
        return cls(proto, scores, of_masks, last, head, tuple(cuts))

    def of_same_shape(self, model: bytes) -> TeachableGraph:
        """The same parts of a model that has the same nodes and other weights."""
        proto = onnx.load_from_string(model)
        nodes = {node.output[0]: node for node in proto.graph.node if node.output}
        head = tuple(nodes[node.output[0]] for node in self.head)
        last = nodes[self.last.output[0]]
        return TeachableGraph(proto, self.scores, self.of_masks, last, head, self.cuts)

    @property
    def class_count(self) -> int:
        """How many classes it tells apart."""
        weight = self.weights.value(self.last.input[1])
        # A mask may be of no object, too.
        return int(weight.shape[1]) - 1 if self.of_masks else len(weight)

    @property
    def features(self) -> str:
        """The tensor that the last layer reads, (1, D, h, w)."""
        return str(self.last.input[0])

    @cached_property
    def weights(self) -> _Weights:
        """All constants by name."""
        return _Weights(self.proto)

    def parameters(self) -> dict[str, NDArray[np.float32]]:
        """Weights and biases of the head that are taught, by name.

        An exporter lets equal weights be one: what the rest of the graph reads, too, stays.
        """
        inside = {id(node) for node in self.head}
        elsewhere = {
            name
            for node in self.proto.graph.node
            if id(node) not in inside and node.op_type not in ("Cast", "Constant")
            for name in node.input
        }
        names = [
            name
            for node in self.head
            for name in node.input[_FIRST_WEIGHT.get(node.op_type, len(node.input)) :]
            if self.weights.is_parameter(name) and name not in elsewhere
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
    if graph.of_masks:
        msg = "a mask decoder can't be given new classes; teach a model with a pixel head"
        raise TeachingError(msg)
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


def _scores(manifest: Manifest, makers: Mapping[str, Any]) -> tuple[str, bool]:
    """The tensor of class scores, and whether it holds a mask decoder's sums.

    By way back from what the manifest names. A mask decoder's labels are made at full size; its
    confidence comes of the same sums at the decoder's own.
    """
    output = manifest.output
    name = output.labels if output.kind == "labels_confidence" else output.name
    name = _before(name, makers, _AFTER_SCORES)
    if output.kind == "labels_confidence" and _kind(name, makers) == "Reshape":
        shares = _before(output.confidence, makers, _AFTER_SHARES)
        if _kind(shares, makers) == "Div":
            return str(makers[shares].input[0]), True
    return name, False


def _before(name: str, makers: Mapping[str, Any], passed: Collection[str]) -> str:
    while _kind(name, makers) in passed:
        name = makers[name].input[0]
    return str(name)


def _kind(name: str, makers: Mapping[str, Any]) -> str:
    return str(makers[name].op_type) if name in makers else ""


def _last(scores: str, makers: Mapping[str, Any], weights: _Weights) -> Any:
    """The product that makes the classes of a mask decoder's queries; None where there is none."""
    needed = _ancestors([scores], makers, weights)
    softmax = next((node for node in needed if node.op_type == "Softmax"), None)
    if softmax is None:
        return None
    node = makers.get(softmax.input[0])
    if node is not None and node.op_type == "Add":
        found = [makers.get(name) for name in node.input if not weights.holds(name)]
        node = found[0] if found else None
    return node


def _expect_rows(manifest: Manifest, last: Any, weights: _Weights, rows: int) -> None:
    """Expect a layer that has as many rows as there are classes.

    Raises:
        TeachingError: it is another one.
    """
    kind = "nothing" if last is None else last.op_type
    axis = {"Conv": 0, "MatMul": 1}.get(kind)
    if axis is None or not weights.holds(last.input[1]):
        raise _no_last_layer(manifest, kind)
    got = weights.value(last.input[1]).shape[axis]
    if got != rows:
        raise _no_last_layer(manifest, f"a {kind} of {got} rows")


def _head(
    proto: Any,
    scores: str,
    makers: Mapping[str, Any],
    supported: Collection[str],
    *,
    anywhere: bool,
) -> tuple[Any, ...]:
    """Nodes back from the scores to the encoder, or to an operator that is not supported.

    None where no encoder can be told, unless the head may begin `anywhere`. What also reaches the
    scores on a way through other nodes is not taught: those would not see that it changed.
    """
    weights = _Weights(proto)
    needed = _ancestors([scores], makers, weights)
    marked = [node for node in needed if _ENCODERS.intersection(node.name.split("/"))]
    if not marked and not anywhere:
        return ()
    encoder = {id(n) for n in _ancestors(_outputs(marked), makers, weights)}
    inside: dict[int, Any] = {}
    waiting = [scores]
    while waiting:
        node = makers.get(waiting.pop())
        if node is None or id(node) in inside or id(node) in encoder:
            continue
        if node.op_type in supported:
            inside[id(node)] = node
            waiting.extend(node.input)
    others = [node for node in needed if id(node) not in inside]
    kept = {id(node) for node in _ancestors(_outputs(others), makers, weights)}
    return tuple(node for node in proto.graph.node if id(node) in inside and id(node) not in kept)


def _outputs(nodes: Iterable[Any]) -> list[str]:
    return [name for node in nodes for name in node.output]


def _ancestors(names: Sequence[str], makers: Mapping[str, Any], weights: _Weights) -> list[Any]:
    """Nodes that tensors are made by, the nearest first, without those that unpack a constant."""
    found: dict[int, Any] = {}
    waiting = deque(names)
    while waiting:
        name = waiting.popleft()
        node = makers.get(name)
        if node is None or weights.holds(name) or id(node) in found:
            continue
        found[id(node)] = node
        waiting.extend(node.input)
    return list(found.values())


def _no_last_layer(manifest: Manifest, found: str) -> TeachingError:
    return TeachingError(
        f"{manifest.name}: expected class scores of a convolution or mask decoder, with a row for "
        f"each of the {manifest.class_count} classes, got {found}: it can't be taught; "
        "teach the default model, or export one of this project's networks"
    )
