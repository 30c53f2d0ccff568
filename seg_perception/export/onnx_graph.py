"""A torch module as ONNX bytes, and its answers in ONNX Runtime."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seg_perception.export.serving import ServingGraph

OPSET = 17
INPUT = "image"
OUTPUTS = ("labels", "confidence")


def export_onnx(graph: ServingGraph, size: tuple[int, int]) -> bytes:
    """Trace a graph at one static size.

    Args:
        graph: in evaluation mode.
        size: width, height.

    Returns:
        An ONNX model of opset 17, weights inside.
    """
    example = torch.zeros(1, size[1], size[0], 3, dtype=torch.uint8)
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
            output_names=list(OUTPUTS),
        )
    return buffer.getvalue()


def run_onnx(
    model: bytes, images: Sequence[NDArray[np.uint8]]
) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Labels and confidence (H, W) of each image, by ONNX Runtime on the CPU."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    answers = [session.run(list(OUTPUTS), {INPUT: image[None]}) for image in images]
    return [(labels[0], confidence[0]) for labels, confidence in answers]


@torch.no_grad()
def run_torch(
    graph: ServingGraph, images: Sequence[NDArray[np.uint8]]
) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Labels and confidence (H, W) of each image, by torch in fp32."""
    answers = [graph(torch.from_numpy(image)[None]) for image in images]
    return [(labels[0].numpy(), confidence[0].numpy()) for labels, confidence in answers]
