"""Other forms of the same graph: without GridSample, in half precision."""

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
from seg_perception.inference.reading import Segmentation

_LEAST_AGREEMENT: dict[str, float] = {"fp32": 0.999}
_LEAST_ROUNDED = 0.98
_MICROSOFT = "com.microsoft"


def make_variants(
    form: Form,
    converted: Converted,
    images: Sequence[NDArray[np.uint8]],
    wanted: Sequence[Segmentation],
) -> list[VariantSource]:
    """Every variant, each compared with the plain model; none where that is the only one.

    Raises:
        ImportModelError: one answers differently.
    """
    samplings = list(_samplings(converted))
    asked = form.answers.precisions
    if len(samplings) == len(asked) == 1 and asked == ("fp32",) and samplings[0][0] == "none":
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
    return found


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
    if min(shares) < least:
        msg = (
            f"{form.source.file}: its form {name} gives {min(shares):.2%} of the labels, expected "
            f"{least:.1%}: leave that --precision out"
        )
        raise ImportModelError(msg)
    return Parity(
        reference="this bundle's plain model",
        candidate=f"ONNX Runtime on the CPU, {name}",
        frames=len(images),
        label_agreement=float(np.mean(shares)),
        max_abs_error=None,
    )
