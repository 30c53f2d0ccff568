"""Which engines of a bundle are measured, and what the device could do at best for each."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from seg_perception.config import SegmentationConfig, TensorRtConfig
from seg_perception.core.errors import EngineError
from seg_perception.inference.benchmark.roofline import Roofline, roofline
from seg_perception.inference.benchmark.run import BenchmarkCase
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.chain import Loader
from seg_perception.inference.manifest import Precision
from seg_perception.inference.onnxruntime_engine import OnnxRuntimeLoader, available_providers
from seg_perception.inference.onnxruntime_providers import CPU_PROVIDER
from seg_perception.inference.protocol import Engine
from seg_perception.inference.tensorrt.cuda import DeviceFacts
from seg_perception.inference.tensorrt.engine_builder import BlockingEngineBuilder
from seg_perception.inference.tensorrt.variants import find_variant
from seg_perception.inference.tensorrt_engine import Machine, TensorRtLoader


def find_cases(
    bundle: Bundle, segmentation: SegmentationConfig, tensorrt: TensorRtConfig
) -> list[BenchmarkCase]:
    """Every entry of the chain; nothing is loaded or built yet."""
    loaders: dict[str, Loader] = {
        "onnxruntime": OnnxRuntimeLoader(bundle, segmentation.threads, tensorrt),
        "tensorrt": TensorRtLoader(bundle, tensorrt, BlockingEngineBuilder(lambda _: None)),
    }
    facts = device_facts(tensorrt)
    found = []
    for entry in segmentation.chain:
        runtime, _, choice = entry.partition("/")
        make = partial(_load, loaders[runtime], choice)
        bound, agreement = _bound(bundle, entry, facts), _agreement(bundle, entry)
        found.append(BenchmarkCase(entry, make, bound, agreement))
    return found


def device_facts(tensorrt: TensorRtConfig) -> DeviceFacts | None:
    """About the device; None where there is none that CUDA can use."""
    try:
        return Machine.open(tensorrt, build_only=True).facts
    except EngineError:
        return None


def library_versions(tensorrt: TensorRtConfig) -> dict[str, str]:
    """Of what runs the engines; why there is none where there is none."""
    try:
        module = Machine.open(tensorrt, build_only=True).tensorrt
        found = f"{module.name} {module.version}"
    except EngineError as error:
        found = f"none: {error}"
    import importlib.metadata

    names = [
        f"{d.metadata['Name']} {d.version}"
        for d in importlib.metadata.distributions()
        if (d.metadata["Name"] or "").startswith("onnxruntime")
    ]
    runtime = f"{', '.join(names)} with {', '.join(available_providers())}"
    return {"tensorrt": found, "onnxruntime": runtime}


def _load(loader: Loader, choice: str) -> Engine:
    if absent := loader.absent(choice):
        raise EngineError(absent)
    return loader.load(choice, may_build=False).engine


def _agreement(bundle: Bundle, entry: str) -> float:
    """Of the variant that an entry means, with the golden labels."""
    if not entry.startswith("tensorrt/"):
        return 1.0
    try:
        return find_variant(bundle, entry.removeprefix("tensorrt/")).agreement
    except EngineError:
        return 1.0  # it is not there, and is not run


def _bound(bundle: Bundle, entry: str, facts: DeviceFacts | None) -> Roofline | None:
    """None without a device, for the CPU, and where `onnx` is not installed."""
    if facts is None or entry.endswith(CPU_PROVIDER):
        return None
    precision: Precision = "fp32"
    file: Path = bundle.model_path
    if entry.startswith("tensorrt/"):
        try:
            variant = find_variant(bundle, entry.removeprefix("tensorrt/"))
        except EngineError:
            return None
        file, precision = bundle.folder / variant.file, variant.precision
    try:
        from seg_perception.inference.onnx.cost import count_cost

        cost = count_cost(file)
    except (ImportError, OSError, ValueError):
        return None
    return roofline(facts, precision, cost.operations, cost.traffic_bytes)
