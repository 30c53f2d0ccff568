"""The variants of a network in a bundle: sampling and precision, each compared with torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from seg_perception.inference.bundle_writer import VariantSource
from seg_perception.inference.manifest import Parity, Precision, Sampling
from seg_perception.inference.onnx.graph import keep_outputs
from seg_perception.inference.onnx.precision import emulate_precision, to_precision
from seg_perception.inference.onnx.quantization import quantize
from seg_perception.inference.onnx.storage import halve_weights
from seg_perception.training.export.onnx_graph import (
    OUTPUTS,
    NetworkAnswer,
    export_onnx,
    run_onnx,
    run_torch,
)
from seg_perception.training.export.parity import MIN_AGREEMENT, measure_parity
from seg_perception.training.export.serving import ServingGraph
from seg_perception.training.models.deformable import set_sampling


@dataclass(frozen=True)
class ExportedVariant:
    """One variant as it will be written.

    Attributes:
        model: ONNX bytes, labels and confidence alone.
        sampling, precision: which variant it is.
        parity: against torch in fp32.
    """

    model: bytes
    sampling: Sampling
    precision: Precision
    parity: Parity


def export_variants(
    graph: ServingGraph,
    size: tuple[int, int],
    precisions: Sequence[Precision],
    frames: Sequence[NDArray[np.uint8]],
    *,
    half_weights: bool = False,
    calibration: Sequence[NDArray[np.uint8]] = (),
) -> tuple[list[NetworkAnswer], list[ExportedVariant]]:
    """Trace a graph in every sampling and precision, and compare each with torch.

    Args:
        graph: what is served.
        size: width, height.
        precisions: the plain model's first.
        frames: uint8 (H, W, 3) RGB at that size.
        half_weights: store the weights in 16 bits.
        calibration: uint8 (H, W, 3) RGB at that size; with any, INT8 is written as well, in the
            sampling for TensorRT.

    Returns:
        What torch answers to the frames, and the variants, the plain model first.

    Raises:
        TrainingError: a variant disagrees with torch.
    """
    reference: list[NetworkAnswer] = []
    variants = []
    for sampling in samplings(graph):
        if sampling != "none":
            set_sampling(graph, sampling)
        reference = reference or run_torch(graph, frames)
        whole = export_onnx(graph, size)
        traced = halve_weights(whole) if half_weights else whole
        variants += [_variant(traced, sampling, p, reference, frames) for p in precisions]
        if calibration and sampling != "grid_sample":
            variants.append(int8_variant(whole, sampling, reference, frames, calibration))
    return reference, variants


def int8_variant(
    traced: bytes,
    sampling: Sampling,
    reference: Sequence[NetworkAnswer],
    frames: Sequence[NDArray[np.uint8]],
    calibration: Sequence[NDArray[np.uint8]],
) -> ExportedVariant:
    """A graph in INT8, compared with torch on frames that it was not calibrated with.

    Args:
        traced: ONNX in float32; outputs labels, confidence and, maybe, logits.
        sampling: of the graph.
        reference: what torch answers to the frames.
        frames, calibration: uint8 (H, W, 3) RGB at the network's size.

    Raises:
        TrainingError: too few labels agree.
    """
    candidate = f"{sampling}, int8 of {len(calibration)} frames, computed in float32"
    names = (f"torch {torch.__version__} fp32", f"onnxruntime CPUExecutionProvider, {candidate}")
    quantised = quantize(keep_outputs(traced, OUTPUTS), calibration)
    parity = measure_parity(reference, run_onnx(quantised, frames), names, MIN_AGREEMENT["int8"])
    return ExportedVariant(quantised, sampling, "int8", parity)


def samplings(graph: ServingGraph) -> tuple[Sampling, ...]:
    """The variants that a network's deformable attention has; the first for ONNX Runtime."""
    return ("grid_sample", "gather") if set_sampling(graph, "grid_sample") else ("none",)


def variant_sources(variants: Sequence[ExportedVariant]) -> list[VariantSource]:
    """What the bundle says of its variants; the first is the plain model."""
    return [
        VariantSource(v.model if index else None, v.sampling, v.precision, v.parity)
        for index, v in enumerate(variants)
    ]


def _variant(
    traced: bytes,
    sampling: Sampling,
    precision: Precision,
    reference: Sequence[NetworkAnswer],
    frames: Sequence[NDArray[np.uint8]],
) -> ExportedVariant:
    emulated = "" if precision == "fp32" else ", rounding emulated"
    names = (
        f"torch {torch.__version__} fp32",
        f"onnxruntime CPUExecutionProvider, {sampling}, {precision}{emulated}",
    )
    answers = run_onnx(emulate_precision(traced, precision), frames)
    parity = measure_parity(reference, answers, names, MIN_AGREEMENT[precision])
    model = keep_outputs(to_precision(traced, precision), OUTPUTS)
    return ExportedVariant(model, sampling, precision, parity)
