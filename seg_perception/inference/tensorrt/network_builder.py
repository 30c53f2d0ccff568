"""From an ONNX file to an engine: one way for TensorRT 8.6 to 11 and TensorRT for RTX."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import EngineError
from seg_perception.core.ownership import read_own
from seg_perception.inference.tensorrt.bindings import TensorRt, load_tensorrt
from seg_perception.inference.tensorrt.builder_pipe import (
    BuilderPipe,
    BuildRequest,
    BuildResult,
    Tensor,
)
from seg_perception.inference.tensorrt.cuda_library import open_cuda

# Without strong types TensorRT chooses: these layers may be half precision, the rest is told
# to stay float32.
_ISLANDS = ("CONVOLUTION", "DECONVOLUTION", "MATRIX_MULTIPLY", "EINSUM")
_QUANTISED = ("QUANTIZE", "DEQUANTIZE")


def build(request: BuildRequest, pipe: BuilderPipe) -> BuildResult:
    """Parse, configure, build, write.

    Raises:
        EngineError: TensorRT refuses the network.
        OSError: a file can't be read or written.
    """
    tensorrt = load_tensorrt(request.module)
    if request.device is not None:
        open_cuda(request.device)
    logger = tensorrt.make_logger(pipe.log)
    builder = tensorrt.trt.Builder(logger)
    if builder is None:
        msg = f"{tensorrt.name} {tensorrt.version} gives no builder; its log says why"
        raise EngineError(msg)
    typed, flags = _network_flags(tensorrt)
    network = builder.create_network(flags)
    _parse(tensorrt, network, logger, request)
    _freeze(network, request.input_shape)
    config = builder.create_builder_config()
    _configure(tensorrt, config, request)
    if not typed:
        _allow_bytes(tensorrt, network, config)
    if not typed and request.precision not in ("fp32", "int8"):
        _allow_islands(tensorrt, network, config, request)
    monitor = _watch(tensorrt, config, pipe)
    timing = _use_timing_cache(tensorrt, config, Path(request.timing_cache))
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        msg = f"{tensorrt.name} {tensorrt.version} could not build the engine; its log says why"
        raise EngineError(msg)
    write_file(Path(request.plan), memoryview(plan), EngineError, sync=True)
    if timing is not None:
        _write_timing_cache(Path(request.timing_cache), timing)
    del monitor  # TensorRT does not keep it alive
    inputs = [network.get_input(n) for n in range(network.num_inputs)]
    outputs = [network.get_output(n) for n in range(network.num_outputs)]
    return BuildResult(
        strongly_typed=typed,
        inputs=tuple(_tensor(tensorrt, tensor) for tensor in inputs),
        outputs=tuple(_tensor(tensorrt, tensor) for tensor in outputs),
    )


def _network_flags(tensorrt: TensorRt) -> tuple[bool, int]:
    """Whether types are strong, and the flags that say so.

    EXPLICIT_BATCH must be set up to version 9, means nothing in 10 and is gone in 11;
    STRONGLY_TYPED is there from 9 on, and means nothing in 11, where all types are strong.
    """
    trt = tensorrt.trt
    flags = 0
    batch = getattr(trt.NetworkDefinitionCreationFlag, "EXPLICIT_BATCH", None)
    strong = getattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    for flag in (batch, strong):
        flags |= 0 if flag is None else 1 << int(flag)
    weak = getattr(trt.BuilderFlag, "FP16", None)
    return strong is not None or weak is None, flags


def _parse(tensorrt: TensorRt, network: Any, logger: Any, request: BuildRequest) -> None:
    parser = tensorrt.trt.OnnxParser(network, logger)
    with _model_file(request) as file:
        parsed = parser.parse_from_file(str(file))
    if not parsed:
        errors = [parser.get_error(n) for n in range(parser.num_errors)]
        reasons = "; ".join(f"node {error.node()}: {error.desc()}" for error in errors[:3])
        msg = f"{tensorrt.name} {tensorrt.version} can't read {Path(request.model).name}: {reasons}"
        raise EngineError(msg)


def _freeze(network: Any, shape: tuple[int, ...]) -> None:
    """Give an open input its one shape: without it TensorRT asks for a range of shapes."""
    for number in range(network.num_inputs):
        tensor = network.get_input(number)
        if min(tensor.shape, default=0) < 0:
            tensor.shape = shape


def _allow_bytes(tensorrt: TensorRt, network: Any, config: Any) -> None:
    """The flag without which a weakly typed network with QDQ is refused, by the guide of 8.6."""
    layers = (network.get_layer(n) for n in range(network.num_layers))
    int8 = getattr(tensorrt.trt.BuilderFlag, "INT8", None)
    if int8 is not None and any(_kind(layer) in _QUANTISED for layer in layers):
        config.set_flag(int8)


def _kind(layer: Any) -> str:
    """`CONVOLUTION` of `LayerType.CONVOLUTION`."""
    return str(layer.type).rpartition(".")[2]


@contextmanager
def _model_file(request: BuildRequest) -> Iterator[Path]:
    """The file that is read; a derived one lies beside the plan for as long as that takes."""
    if not request.derived:
        yield Path(request.model)
        return
    from seg_perception.inference.onnx.files import read_model, to_bytes
    from seg_perception.inference.onnx.precision import to_precision

    model = to_precision(to_bytes(read_model(Path(request.model))), request.precision)
    draft = Path(f"{request.plan}_onnx")
    try:
        write_file(draft, memoryview(model), EngineError)
        del model
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _configure(tensorrt: TensorRt, config: Any, request: BuildRequest) -> None:
    trt = tensorrt.trt
    # TF32 rounds the products of float32: fp32 means fp32 here, it is what others fall back to.
    config.clear_flag(trt.BuilderFlag.TF32)
    config.builder_optimization_level = request.optimization_level
    if request.workspace_mib:
        size = request.workspace_mib * 2**20
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, size)


def _allow_islands(tensorrt: TensorRt, network: Any, config: Any, request: BuildRequest) -> None:
    """The legacy flags of weakly typed networks, for versions that know no other."""
    trt = tensorrt.trt
    half = getattr(trt.BuilderFlag, "BF16" if request.precision == "bf16_islands" else "FP16", None)
    if half is None:
        msg = f"{tensorrt.name} {tensorrt.version} has no {request.precision}; take another variant"
        raise EngineError(msg)
    config.set_flag(half)
    obey = getattr(trt.BuilderFlag, "OBEY_PRECISION_CONSTRAINTS", None)
    if obey is not None:
        config.set_flag(obey)
    for layer in (network.get_layer(n) for n in range(network.num_layers)):
        floats = layer.num_outputs and layer.get_output(0).dtype == trt.float32
        if floats and _kind(layer) not in (*_ISLANDS, *_QUANTISED):
            layer.precision = trt.float32


def _watch(tensorrt: TensorRt, config: Any, pipe: BuilderPipe) -> Any:
    """Report progress where the version can; returns what must live as long as the build."""
    trt = tensorrt.trt
    if getattr(trt, "IProgressMonitor", None) is None:
        return None
    open_phases: dict[str, int] = {}

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)

        def phase_start(self, name: str, parent: str | None, steps: int) -> None:
            del parent
            open_phases[name] = steps
            pipe.progress(name, 0.0)

        def step_complete(self, name: str, step: int) -> bool:
            pipe.progress(name, min((step + 1) / max(open_phases.get(name, 1), 1), 1.0))
            return True

        def phase_finish(self, name: str) -> None:
            open_phases.pop(name, None)

    monitor = config.progress_monitor = Monitor()
    return monitor


def _use_timing_cache(tensorrt: TensorRt, config: Any, file: Path) -> Any:
    """What TensorRT measured in earlier builds; TensorRT for RTX measures nothing."""
    if tensorrt.is_rtx:
        return None
    cache = config.create_timing_cache(_measurements(file))
    # A cache of another device or version is refused, and an empty one taken.
    if not config.set_timing_cache(cache, False):
        cache = config.create_timing_cache(b"")
        config.set_timing_cache(cache, False)
    return cache


def _measurements(file: Path) -> bytes:
    try:
        return read_own(file)
    except OSError:
        return b""


def _write_timing_cache(file: Path, cache: Any) -> None:
    write_file(file, memoryview(cache.serialize()), EngineError)


def _tensor(tensorrt: TensorRt, tensor: Any) -> Tensor:
    return Tensor(
        name=tensor.name, shape=tuple(tensor.shape), dtype=tensorrt.numpy_name(tensor.dtype)
    )
