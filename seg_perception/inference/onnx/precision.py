"""Half precision where it pays: islands around matrix products and convolutions.

Everything else (residual stream, normalisation, softmax, positions, sampling places)
stays float32, so that what overflows in half precision does not get there. Casts stand
around each island; a runtime that builds strongly typed engines takes them as they are.
What is quantised (QDQ) stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from seg_perception.core.errors import EngineError
from seg_perception.inference.onnx.graph import names_read

Precision = Literal["fp32", "fp16_islands", "fp16_islands_fp32_attention", "bf16_islands", "int8"]

_PRODUCTS = frozenset({"MatMul", "Gemm", "Einsum"})
_CONVOLUTIONS = frozenset({"Conv", "ConvTranspose"})
# What bfloat16 is defined for in opsets 13 to 21.
_BFLOAT_OPERATORS = frozenset({"MatMul", "Gemm"})
_FLOAT, _HALF, _BFLOAT = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16
_LARGEST_HALF = float(np.finfo(np.float16).max)
_LARGEST_FLOAT = float(np.finfo(np.float32).max)
_SPLITTER, _LARGEST = "island_splitter", "island_largest"


def to_precision(model: bytes, precision: Precision) -> bytes:
    """A model with its matrix products and convolutions in another precision.

    Args:
        model: ONNX, float32 inside, weights included.
        precision: `fp32` gives it back as it is; `fp32_attention` leaves the products of
            two computed tensors, which are those of attention, in float32; `bf16_islands`
            leaves convolutions in float32, for which ONNX knows no bfloat16 before opset 22.

    Raises:
        EngineError: a weight is too large for half precision.
    """
    if precision == "fp32":
        return model
    return _convert(model, precision, _Islands)


def emulate_precision(model: bytes, precision: Precision) -> bytes:
    """A float32 model that rounds where `to_precision` would, for runtimes that do not.

    ONNX Runtime takes casts to half precision and back away on a CPU and computes in
    float32 (measured with 1.32), so that it says nothing about the islands. Here weights,
    inputs and results of each island are rounded to the significand of half precision
    and become infinite beyond its range; sums are kept in float32, as tensor cores do.

    Raises:
        EngineError: a weight is too large for half precision.
    """
    return model if precision == "fp32" else _convert(model, precision, _EmulatedIslands)


def _convert(model: bytes, precision: Precision, islands: type[_Islands]) -> bytes:
    proto = onnx.load_from_string(model)
    kind = _BFLOAT if precision == "bf16_islands" else _HALF
    islands(proto, kind, keep_attention=precision.endswith("fp32_attention")).make()
    return bytes(proto.SerializeToString())


def count_islands(model: bytes) -> int:
    """How many matrix products and convolutions take half precision."""
    graph = onnx.load_from_string(model).graph
    halves = {n.output[0] for n in graph.node if n.op_type == "Cast" and _target(n) != _FLOAT}
    halves |= {w.name for w in graph.initializer if w.data_type in (_HALF, _BFLOAT)}
    return sum(
        node.op_type in _PRODUCTS | _CONVOLUTIONS and node.input[0] in halves for node in graph.node
    )


def _target(cast: Any) -> int:
    return int(next(a.i for a in cast.attribute if a.name == "to"))


@dataclass
class _Islands:
    """One pass over a graph.

    Attributes:
        proto: the model, changed in place.
        kind: element type inside the islands.
        keep_attention: leave products of two computed tensors alone.
    """

    proto: Any
    kind: int
    keep_attention: bool

    def make(self) -> None:
        graph = self.proto.graph
        self._weights = {w.name: w for w in graph.initializer}
        self._weights |= self._constants(graph)
        self._floats = self._float_tensors()
        self._quantised = self._quantised_tensors(graph)
        self._lowered: dict[str, str] = {}
        nodes: list[Any] = []
        for node in graph.node:
            if not self._belongs(node):
                nodes.append(node)
                continue
            for index, name in enumerate(node.input):
                if name:
                    node.input[index] = self._lower(name, nodes)
            nodes += self._raise(node)
        del graph.node[:]
        graph.node.extend(nodes)
        self._drop_unused_weights()

    def _constants(self, graph: Any) -> dict[str, Any]:
        """Weights that stand in the graph as nodes."""
        return {
            node.output[0]: attribute.t
            for node in graph.node
            if node.op_type == "Constant"
            for attribute in node.attribute
            if attribute.name == "value"
        }

    def _float_tensors(self) -> set[str]:
        try:
            inferred = onnx.shape_inference.infer_shapes(self.proto).graph
        except (onnx.shape_inference.InferenceError, ValueError) as error:
            msg = f"the graph's types contradict each other ({error}): use fp32, or export it again"
            raise EngineError(msg) from error
        typed = [*inferred.value_info, *inferred.input, *inferred.output]
        names = {info.name for info in typed if info.type.tensor_type.elem_type == _FLOAT}
        return names | {name for name, w in self._weights.items() if w.data_type == _FLOAT}

    @staticmethod
    def _quantised_tensors(graph: Any) -> set[str]:
        """What comes out of a DequantizeLinear or goes into a QuantizeLinear.

        A cast between these and a product hides the pattern by which runtimes know that the
        product is one of bytes.
        """
        ends = [n for n in graph.node if n.op_type == "DequantizeLinear"]
        begins = [n for n in graph.node if n.op_type == "QuantizeLinear"]
        return {n.output[0] for n in ends} | {n.input[0] for n in begins}

    def _belongs(self, node: Any) -> bool:
        operators = _PRODUCTS | _CONVOLUTIONS if self.kind == _HALF else _BFLOAT_OPERATORS
        if node.op_type not in operators:
            return False
        if any(name and name not in self._floats for name in node.input):
            return False
        if self._quantised.intersection([*node.input, *node.output]):
            return False
        computed = sum(bool(name) and name not in self._weights for name in node.input[:2])
        attends = node.op_type in _PRODUCTS and computed == 2
        return not (self.keep_attention and attends)

    def _lower(self, name: str, nodes: list[Any]) -> str:
        """Name of a tensor in the islands' precision; what makes it is added to the nodes."""
        if name not in self._lowered:
            low = f"{name}_island"
            if name in self._weights:
                self.proto.graph.initializer.append(self._lower_weight(name, low))
            else:
                nodes += self._round(name, low)
            self._lowered[name] = low
        return self._lowered[name]

    def _round(self, name: str, low: str) -> list[Any]:
        """What makes a tensor of the islands' precision."""
        return [helper.make_node("Cast", [name], [low], name=low, to=self.kind)]

    def _lower_weight(self, name: str, low: str) -> Any:
        values: NDArray[np.float32] = numpy_helper.to_array(self._weights[name])
        if self.kind == _BFLOAT:
            return helper.make_tensor(low, _BFLOAT, values.shape, values.ravel())
        largest = float(np.abs(values).max(initial=0))
        if largest > _LARGEST_HALF:
            msg = (
                f"weight {name} reaches {largest:.3g}, more than half precision holds "
                f"({_LARGEST_HALF:.0f}): use fp32 or bf16_islands"
            )
            raise EngineError(msg)
        return numpy_helper.from_array(values.astype(np.float16), low)

    def _raise(self, node: Any) -> list[Any]:
        """The node with an output of the islands' precision, and the cast back."""
        result = node.output[0]
        low = f"{result}_from_island"
        node.output[0] = low
        self._lowered[result] = low
        return [node, helper.make_node("Cast", [low], [result], name=low, to=_FLOAT)]

    def _drop_unused_weights(self) -> None:
        graph = self.proto.graph
        used = set(names_read(graph.node)) | {output.name for output in graph.output}
        kept = [w for w in graph.initializer if w.name in used]
        nodes = [
            n for n in graph.node if n.op_type not in {"Constant", "Cast"} or n.output[0] in used
        ]
        del graph.initializer[:]
        graph.initializer.extend(kept)
        del graph.node[:]
        graph.node.extend(nodes)


class _EmulatedIslands(_Islands):
    """The same islands in float32, rounded by arithmetic that no optimiser takes away.

    Dekker, "A floating-point technique for extending the available precision",
    Numerische Mathematik 1971: with c = (2^s + 1) x, the difference c - (c - x) is x
    rounded to 24 - s bits. Numbers below the normal range keep more bits than they would.
    """

    def make(self) -> None:
        bits, largest = (13, _LARGEST_HALF) if self.kind == _HALF else (16, _LARGEST_FLOAT)
        for name, value in ((_SPLITTER, 2.0**bits + 1), (_LARGEST, largest)):
            scalar = numpy_helper.from_array(np.float32(value).reshape(()), name)
            self.proto.graph.initializer.append(scalar)
        super().make()

    def _round(self, name: str, low: str) -> list[Any]:
        steps = [
            ("Mul", [name, _SPLITTER], "scaled"),
            ("Sub", [f"{low}_scaled", name], "rest"),
            ("Sub", [f"{low}_scaled", f"{low}_rest"], "rounded"),
            ("Abs", [f"{low}_rounded"], "size"),
            ("LessOrEqual", [f"{low}_size", _LARGEST], "fits"),
        ]
        nodes = [helper.make_node(kind, inputs, [f"{low}_{o}"]) for kind, inputs, o in steps]
        one_or_zero = f"{low}_divisor"
        nodes.append(helper.make_node("Cast", [f"{low}_fits"], [one_or_zero], to=_FLOAT))
        return [*nodes, helper.make_node("Div", [f"{low}_rounded", one_or_zero], [low])]

    def _lower_weight(self, name: str, low: str) -> Any:
        rounded = numpy_helper.to_array(super()._lower_weight(name, low))
        return numpy_helper.from_array(rounded.astype(np.float32), low)

    def _raise(self, node: Any) -> list[Any]:
        result = node.output[0]
        exact = f"{result}_before_rounding"
        node.output[0] = exact
        self._lowered[result] = result
        return [node, *self._round(exact, result)]
