"""A torch module as ONNX bytes, and what both answer."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from seg_perception.core.errors import TrainingError
from seg_perception.core.scratch_folder import scratch_folder
from seg_perception.inference.onnx.padding import fold_padding
from seg_perception.training.export.serving import ServingGraph

OPSET = 17
INPUT = "image"
OUTPUTS = ("labels", "confidence")
# A protobuf message, which an ONNX file is, can't be larger.
_LARGEST_BYTES = 2**31 - 2**24
# It would hide the form of attention that engine builders look for.
_NOT_FUSED = ["MatMulAddFusion"]


@dataclass(frozen=True)
class NetworkAnswer:
    """What a graph says of one image.

    Attributes:
        labels, confidence: uint8 (H, W).
        logits: what they are made of, in the order of `NetworkOutput.logits`.
    """

    labels: NDArray[Any]
    confidence: NDArray[Any]
    logits: tuple[NDArray[Any], ...] = ()


def export_onnx(graph: ServingGraph, size: tuple[int, int]) -> bytes:
    """Trace a graph at one static size.

    Args:
        graph: in evaluation mode.
        size: width, height.

    Returns:
        An ONNX model of opset 17, weights inside, shapes and constants worked out; its
        outputs are labels, confidence and the logits.

    Raises:
        TrainingError: the weights are too large for one ONNX file.
    """
    _expect_small(graph)
    example = torch.zeros(1, size[1], size[0], 3, dtype=torch.uint8)
    with torch.no_grad():
        count = len(graph(example)) - len(OUTPUTS)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph,
            (example,),
            buffer,
            opset_version=OPSET,
            dynamo=False,
            input_names=[INPUT],
            output_names=[*OUTPUTS, *(f"logits_{n}" for n in range(count))],
        )
    return fold_padding(fold_constants(buffer.getvalue()))


def fold_constants(model: bytes) -> bytes:
    """Work out everything that does not depend on the image.

    ONNX Runtime's basic level does it within the standard operators; a traced graph
    loses two thirds of its nodes, all of them about shapes.
    """
    import onnxruntime

    with scratch_folder("onnx") as folder:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(folder / "folded.onnx")
        options.log_severity_level = 3
        onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"], disabled_optimizers=_NOT_FUSED
        )
        proto = onnx.load(options.optimized_model_filepath)
    standard = [opset for opset in proto.opset_import if opset.domain == ""]
    del proto.opset_import[:]
    proto.opset_import.extend(standard)
    onnx.checker.check_model(proto)
    return bytes(proto.SerializeToString())


def run_onnx(model: bytes, images: Sequence[NDArray[np.uint8]]) -> list[NetworkAnswer]:
    """Answers to each image, uint8 (H, W, 3) RGB, by ONNX Runtime on the CPU.

    What is quantised is rounded and computed in float32: exact, as integer arithmetic is on a
    device. The kernels that a CPU has for INT8 saturate without VNNI.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return [
        _answer([values[0] for values in session.run(None, {INPUT: image[None]})])
        for image in images
    ]


@torch.no_grad()
def run_torch(graph: ServingGraph, images: Sequence[NDArray[np.uint8]]) -> list[NetworkAnswer]:
    """Answers to each image, uint8 (H, W, 3) RGB, by torch in fp32."""
    return [
        _answer([values[0].numpy() for values in graph(torch.from_numpy(image)[None])])
        for image in images
    ]


def _answer(values: Sequence[NDArray[Any]]) -> NetworkAnswer:
    labels, confidence, *logits = values
    return NetworkAnswer(labels, confidence, tuple(logits))


def _expect_small(graph: ServingGraph) -> None:
    size = sum(p.numel() * p.element_size() for p in graph.parameters())
    if size > _LARGEST_BYTES:
        msg = (
            f"the network has {size / 1e9:.1f} GB of weights, more than one ONNX file holds "
            f"({_LARGEST_BYTES / 1e9:.1f} GB): take a smaller backbone or a narrower head"
        )
        raise TrainingError(msg)
