"""Other forms of the same graph: without GridSample, in half precision, in INT8."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import onnx
from numpy.typing import NDArray

from seg_perception.core.errors import ImportModelError
from seg_perception.importing.onnx_file.conversion import Converted, run_converted
from seg_perception.importing.onnx_file.form import Form
from seg_perception.inference.bundle_writer import VariantSource
from seg_perception.inference.manifest import Parity, Precision, Sampling
from seg_perception.inference.onnx.files import to_bytes
from seg_perception.inference.onnx.grid_sample import can_gather, gather_samples, grid_samples
from seg_perception.inference.onnx.precision import emulate_precision, to_precision
from seg_perception.inference.onnx.quantization import quantize
from seg_perception.inference.reading import Segmentation

_LEAST_AGREEMENT: dict[str, float] = {"fp32": 0.999, "int8": 0.97}
_LEAST_ROUNDED = 0.98
_MICROSOFT = "com.microsoft"


def make_variants(
    form: Form,
    converted: Converted,
    images: Sequence[NDArray[np.uint8]],
    wanted: Sequence[Segmentation],
    calibration: Sequence[NDArray[np.uint8]] = (),
) -> list[VariantSource]:
    """Every variant, each compared with the plain model; none where that is the only one.

    Args:
        form: what is known of the file.
        converted: the plain model.
        images: uint8 (H, W, 3) RGB of the network's size.
        wanted: what the plain model answers to them.
        calibration: more of them; with any, INT8 is written in the form for TensorRT.

    Raises:
        ImportModelError: one answers differently, or INT8 has no form for TensorRT.
    """
    samplings = list(_samplings(converted))
    asked = form.answers.precisions
    if asked == ("fp32",) and not calibration and [s for s, _ in samplings] == ["none"]:
        return []
    found = []
    for sampling, model in samplings:
        for precision in dict.fromkeys(("fp32", *asked)):
            plain = model == converted.model and precision == "fp32"
            emulated = Converted(
                emulate_precision(model, precision), converted.input, converted.output
            )
            parity = _parity(form, emulated, images, wanted, (sampling, precision))
            changed = None if plain else to_precision(model, precision)
            found.append(VariantSource(changed, sampling, precision, parity))
    if calibration:
        found.append(_int8(form, converted, samplings[-1], images, wanted, calibration))
    return found


def _int8(
    form: Form,
    converted: Converted,
    last: tuple[Sampling, bytes],
    images: Sequence[NDArray[np.uint8]],
    wanted: Sequence[Segmentation],
    calibration: Sequence[NDArray[np.uint8]],
) -> VariantSource:
    sampling, model = last
    if any(n.op_type == "QuantizeLinear" for n in form.source.model.graph.node):
        msg = f"{form.source.file} is quantised already: leave --int8 out"
        raise ImportModelError(msg)
    if problem := tensorrt_problem(model):
        msg = f"{form.source.file}: INT8 is for TensorRT, and {problem}: leave --int8 out"
        raise ImportModelError(msg)
    quantised = quantize(model, calibration)
    parity = _parity(
        form,
        Converted(quantised, converted.input, converted.output),
        images,
        wanted,
        (sampling, "int8"),
    )
    said = f"{parity.candidate} of {len(calibration)} frames"
    return VariantSource(quantised, sampling, "int8", parity.model_copy(update={"candidate": said}))


def _samplings(converted: Converted) -> Iterator[tuple[Sampling, bytes]]:
    model = onnx.load_from_string(converted.model)
    if not grid_samples(model):
        yield "none", converted.model
        return
    yield "grid_sample", converted.model
    if not can_gather(model):
        gather_samples(model)
        yield "gather", to_bytes(model)


def tensorrt_problem(model: bytes) -> str:
    """What of a graph has no form for TensorRT; empty where nothing is known to lack one."""
    proto = onnx.load_from_string(model)
    if grid_samples(proto) and (why := can_gather(proto)):
        return f"GridSample can't be written as gathers here ({why})"
    foreign = (n for n in proto.graph.node if n.domain == _MICROSOFT)
    node = next(foreign, None)
    return "" if node is None else f"it holds {node.op_type}, which ONNX Runtime alone knows"


def _parity(
    form: Form,
    converted: Converted,
    images: Sequence[NDArray[np.uint8]],
    wanted: Sequence[Segmentation],
    variant: tuple[Sampling, Precision],
) -> Parity:
    got = run_converted(form, converted, images)
    shares = [float((a[0] == b[0]).mean()) for a, b in zip(wanted, got, strict=True)]
    name = " ".join(variant)
    least = _LEAST_AGREEMENT.get(variant[1], _LEAST_ROUNDED)
    agreement = float(np.mean(shares))
    if agreement < least:
        option = "--int8" if variant[1] == "int8" else "that --precision"
        msg = (
            f"{form.source.file}: its form {name} gives {agreement:.2%} of the labels, expected "
            f"{least:.1%}: leave {option} out"
        )
        raise ImportModelError(msg)
    return Parity(
        reference="this bundle's plain model",
        candidate=f"ONNX Runtime on the CPU, {name}",
        frames=len(images),
        label_agreement=agreement,
        least_agreement=min(shares),
        max_abs_error=None,
    )
