"""INT8: weights and inputs of matrix products and convolutions in 8 bits, as a QDQ graph.

Symmetric, weights by channel, activations by tensor, as TensorRT wants them; the ranges of
activations are those that frames show. What loses most stays in float32: depthwise
convolutions (each channel has its own range, and one scale must do for all), products of
two computed tensors (attention), the first product after the image and the last before the
labels; and everything that is no product, normalisation, softmax and arg-max among it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from seg_perception.core.errors import EngineError
from seg_perception.core.scratch_folder import scratch_folder
from seg_perception.inference.onnx.frozen import opset_of
from seg_perception.inference.onnx.graph import first_readers, last_makers

_OLDEST_OPSET = 13
_QUANTISED = ("Conv", "MatMul", "Gemm")
_PRODUCTS = (*_QUANTISED, "ConvTranspose")
_OPTIONS = {
    "ActivationSymmetric": True,
    "WeightSymmetric": True,
    # TensorRT wants biases in float32, QDQ before products and not after them, and weights
    # in float32 with their own QDQ.
    "QuantizeBias": False,
    "OpTypesToExcludeOutputQuantization": list(_QUANTISED),
    "AddQDQPairToWeight": True,
}


def quantize(model: bytes, frames: Sequence[NDArray[np.uint8]]) -> bytes:
    """A model with QDQ around what may be INT8.

    Args:
        model: ONNX in float32, weights inside, with one input.
        frames: uint8 (H, W, 3) RGB, as the input takes them; what they show decides the ranges.

    Raises:
        EngineError: no product of it can be quantised, or its opset has no scales by channel.
    """
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    proto = onnx.load_from_string(model)
    if (opset := opset_of(proto)) < _OLDEST_OPSET:
        msg = (
            f"INT8: opset {opset} has no scales by channel, expected {_OLDEST_OPSET} or newer: "
            "export the network with opset_version=17, or leave --int8 out"
        )
        raise EngineError(msg)
    kept = kept_in_float(proto.graph)
    if not any(node.op_type in _QUANTISED and node.name not in kept for node in proto.graph.node):
        msg = "INT8: the network has no product that may be quantised; leave --int8 out"
        raise EngineError(msg)
    with scratch_folder("int8") as folder, _without_advice():
        quantize_static(
            proto,
            folder / "int8.onnx",
            _make_reader(proto.graph.input[0].name, frames),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(_QUANTISED),
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=sorted(kept),
            calibrate_method=CalibrationMethod.MinMax,
            extra_options=dict(_OPTIONS),
        )
        return _standard(folder / "int8.onnx")


@contextmanager
def _without_advice() -> Iterator[None]:
    """ONNX Runtime advises its own passes over the graph, which no user of ours can run."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def count_quantised(model: bytes) -> int:
    """How many products read an input that went through 8 bits."""
    graph = onnx.load_from_string(model).graph
    made = {node.output[0] for node in graph.node if node.op_type == "DequantizeLinear"}
    return sum(node.op_type in _PRODUCTS and node.input[0] in made for node in graph.node)


def kept_in_float(graph: Any) -> set[str]:
    """Names of the products that are not quantised; nodes without a name get one."""
    for number, node in enumerate(graph.node):
        node.name = node.name or f"{node.op_type}_{number}"
    constants = {weight.name for weight in graph.initializer}
    constants |= {node.output[0] for node in graph.node if node.op_type == "Constant"}
    products = [node for node in graph.node if node.op_type in _PRODUCTS]
    kept = {node.name for node in products if _is_depthwise(node) or _is_computed(node, constants)}
    kept |= {node.name for node in first_readers(graph, _PRODUCTS)}
    return kept | {node.name for node in last_makers(graph, _PRODUCTS)}


def _is_depthwise(node: Any) -> bool:
    return any(a.name == "group" and a.i > 1 for a in node.attribute)


def _is_computed(node: Any, constants: set[str]) -> bool:
    """Whether it multiplies by something else than a weight from the right."""
    return node.input[1] not in constants


def _make_reader(name: str, frames: Iterable[NDArray[np.uint8]]) -> Any:
    from onnxruntime.quantization import CalibrationDataReader

    class Frames(CalibrationDataReader):  # type: ignore[misc]
        """Hands out one frame after the other."""

        def __init__(self) -> None:
            self._left: Iterator[NDArray[np.uint8]] = iter(frames)

        def get_next(self) -> dict[str, Any] | None:
            frame = next(self._left, None)
            return None if frame is None else {name: frame[None]}

    return Frames()


def _standard(file: Path) -> bytes:
    """The file's bytes, with the standard's operators alone."""
    proto = onnx.load(str(file))
    standard = [opset for opset in proto.opset_import if opset.domain == ""]
    del proto.opset_import[:]
    proto.opset_import.extend(standard)
    onnx.checker.check_model(proto)
    return bytes(proto.SerializeToString())
