"""TensorRT as far as the project uses it, computed by ONNX Runtime on simulated memory.

What goes wrong while building is told by the variable SIMULATED_BUILD (the builder is a
process of its own), what goes wrong later by `faults`. SIMULATED_VERSION 8.6.1 has no
strong types and no progress.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from cuda.bindings import runtime as cuda

__version__ = os.environ.get("SIMULATED_VERSION", "10.3.0")
_MAGIC = b"simulated plan "
_OLD = __version__.startswith("8.")


class DataType(IntEnum):
    FLOAT = 0
    HALF = 1
    INT8 = 2
    INT32 = 3
    BOOL = 4
    UINT8 = 5
    INT64 = 8

    def __str__(self) -> str:
        return f"DataType.{self.name}"


float32 = DataType.FLOAT
_TYPES = {
    onnx.TensorProto.FLOAT: DataType.FLOAT,
    onnx.TensorProto.FLOAT16: DataType.HALF,
    onnx.TensorProto.UINT8: DataType.UINT8,
    onnx.TensorProto.INT64: DataType.INT64,
}
_NUMPY = {
    DataType.FLOAT: np.float32,
    DataType.HALF: np.float16,
    DataType.UINT8: np.uint8,
    DataType.INT64: np.int64,
}
_MEMBERS = {"EXPLICIT_BATCH": 0} | ({} if _OLD else {"STRONGLY_TYPED": 1})
NetworkDefinitionCreationFlag = IntEnum("NetworkDefinitionCreationFlag", _MEMBERS)
BuilderFlag = IntEnum(
    "BuilderFlag", {"FP16": 0, "INT8": 1, "TF32": 7, "OBEY_PRECISION_CONSTRAINTS": 13, "BF16": 17}
)
MemoryPoolType = IntEnum("MemoryPoolType", {"WORKSPACE": 0})


class ILogger:
    class Severity(IntEnum):
        ERROR = 1
        INFO = 3

        def __str__(self) -> str:
            return f"Severity.{self.name}"


if not _OLD:

    class IProgressMonitor:
        pass


class Faults:
    """What is wrong with engines: changes their outputs, or refuses."""

    def __init__(self) -> None:
        self.outputs: Callable[[Any, dict[str, Any]], dict[str, Any]] = lambda _, outputs: outputs
        self.no_context = False
        self.refuse_run = False


faults = Faults()


class _Tensor:
    def __init__(self, info: Any) -> None:
        kind = info.type.tensor_type
        self.name = info.name
        self.shape = tuple(size.dim_value or -1 for size in kind.shape.dim)
        self.dtype = _TYPES[kind.elem_type]


class _Layer:
    def __init__(self, kind: str) -> None:
        self.type = f"LayerType.{kind}"
        self.num_outputs = 1
        self.precision = None

    def get_output(self, _number: int) -> Any:
        class Output:
            dtype = float32

        return Output


class _Network:
    def __init__(self, flags: int) -> None:
        self.flags = flags
        self.model = b""
        self.inputs: list[_Tensor] = []
        self.outputs: list[_Tensor] = []
        self.layers = [_Layer("CONVOLUTION"), _Layer("SOFTMAX")]

    num_inputs = property(lambda self: len(self.inputs))
    num_outputs = property(lambda self: len(self.outputs))
    num_layers = property(lambda self: len(self.layers))

    def get_input(self, number: int) -> _Tensor:
        return self.inputs[number]

    def get_output(self, number: int) -> _Tensor:
        return self.outputs[number]

    def get_layer(self, number: int) -> _Layer:
        return self.layers[number]


def _with_inputs(model: bytes, inputs: list[_Tensor]) -> bytes:
    """A model whose inputs have shapes that were set after it was read; TensorRT infers the rest.

    An open shape needs a profile, which the project does not make.
    """
    proto = onnx.load_from_string(model)
    for info, tensor in zip(proto.graph.input, inputs, strict=True):
        if min(tensor.shape) < 0:
            msg = "network has dynamic inputs, but no optimization profile has been defined"
            raise RuntimeError(msg)
        for size, value in zip(info.type.tensor_type.shape.dim, tensor.shape, strict=True):
            size.dim_value = value
    del proto.graph.value_info[:]
    for info in proto.graph.output:
        info.type.tensor_type.ClearField("shape")
    inferred = onnx.shape_inference.infer_shapes(proto)
    return bytes(inferred.SerializeToString())


class _ParserError:
    def node(self) -> int:
        return 3

    def desc(self) -> str:
        return "unsupported"


class OnnxParser:
    def __init__(self, network: _Network, logger: Any) -> None:
        self.network = network
        self.num_errors = 0

    def parse_from_file(self, path: str) -> bool:
        self.network.model = Path(path).read_bytes()
        try:
            graph = onnx.load_from_string(self.network.model).graph
        except Exception:
            self.num_errors = 1
            return False
        self.network.inputs = [_Tensor(info) for info in graph.input]
        self.network.outputs = [_Tensor(info) for info in graph.output]
        if any(node.op_type == "QuantizeLinear" for node in graph.node):
            self.network.layers.append(_Layer("QUANTIZE"))
        return True

    def get_error(self, _number: int) -> _ParserError:
        return _ParserError()


class _TimingCache:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def serialize(self) -> bytes:
        return self.data + b"measured"


class _Config:
    def __init__(self) -> None:
        self.set: list[str] = []
        self.progress_monitor: Any = None
        self.builder_optimization_level = 3

    def set_flag(self, flag: Any) -> None:
        self.set.append(flag.name)

    def clear_flag(self, flag: Any) -> None:
        self.set.append(f"not {flag.name}")

    def set_memory_pool_limit(self, pool: Any, size: int) -> None:
        self.set.append(f"{pool.name} {size}")

    def create_timing_cache(self, data: bytes) -> _TimingCache:
        return _TimingCache(data)

    def set_timing_cache(self, cache: _TimingCache, _ignore_mismatch: bool) -> bool:
        return not cache.data.startswith(b"foreign")


class Builder:
    def __init__(self, logger: Any) -> None:
        self.logger = logger

    def create_network(self, flags: int) -> _Network:
        return _Network(flags)

    def create_builder_config(self) -> _Config:
        return _Config()

    def build_serialized_network(self, network: _Network, config: _Config) -> bytes | None:
        if log := os.environ.get("SIMULATED_LOG"):
            with Path(log).open("a") as stream:
                precisions = [layer.precision for layer in network.layers]
                stream.write(f"built {network.flags} {config.set} {precisions}\n")
        if config.progress_monitor is not None:
            config.progress_monitor.phase_start("Building engine", None, 2)
            config.progress_monitor.step_complete("Building engine", 0)
        _suffer(self.logger)
        if os.environ.get("SIMULATED_BUILD") == "refuse":
            return None
        model = _with_inputs(network.model, network.inputs)
        network.outputs = [_Tensor(info) for info in onnx.load_from_string(model).graph.output]
        return _MAGIC + model


def _suffer(logger: Any) -> None:
    fault = os.environ.get("SIMULATED_BUILD", "")
    logger.log(ILogger.Severity.INFO, "building")
    if fault == "crash":
        os.abort()
    if fault == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "hang":
        signal.pause()
    if fault == "held":
        Path(os.environ["SIMULATED_GATE"]).read_bytes()  # a pipe: returns when it is written to
    if fault == "refuse":
        logger.log(ILogger.Severity.ERROR, "no tactic for node 7")


class Runtime:
    def __init__(self, logger: Any) -> None:
        self.logger = logger

    def deserialize_cuda_engine(self, plan: bytes) -> _Engine | None:
        if not plan.startswith(_MAGIC):
            self.logger.log(ILogger.Severity.ERROR, "magic tag does not match")
            return None
        return _Engine(plan.removeprefix(_MAGIC), self.logger)


class _Engine:
    def __init__(self, model: bytes, logger: Any) -> None:
        import onnxruntime  # the builder's process has no use for it

        graph = onnx.load_from_string(model).graph
        self.logger = logger
        self.inputs = [_Tensor(info) for info in graph.input]
        self.outputs = [_Tensor(info) for info in graph.output]
        self.session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        self.num_io_tensors = len(self.inputs) + len(self.outputs)

    def tensors(self) -> list[_Tensor]:
        return [*self.inputs, *self.outputs]

    def get_tensor_name(self, number: int) -> str:
        return self.tensors()[number].name

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return next(t.shape for t in self.tensors() if t.name == name)

    def get_tensor_dtype(self, name: str) -> DataType:
        return next(t.dtype for t in self.tensors() if t.name == name)

    def create_execution_context(self) -> _Context | None:
        if faults.no_context:
            self.logger.log(ILogger.Severity.ERROR, "out of memory")
            return None
        return _Context(self)


class _Context:
    def __init__(self, engine: _Engine) -> None:
        self.engine = engine
        self.addresses: dict[str, int] = {}

    def set_tensor_address(self, name: str, address: int) -> bool:
        self.addresses[name] = address
        return True

    def execute_async_v3(self, stream: int) -> bool:
        cuda.device.calls.append("execute_async_v3")
        if faults.refuse_run or set(self.addresses) != {t.name for t in self.engine.tensors()}:
            self.engine.logger.log(ILogger.Severity.ERROR, "out of memory")
            return False
        cuda.enqueue(stream, self._compute)
        return True

    def _compute(self) -> None:
        feed = {tensor.name: self._array(tensor) for tensor in self.engine.inputs}
        names = [tensor.name for tensor in self.engine.outputs]
        outputs = dict(zip(names, self.engine.session.run(names, feed), strict=True))
        outputs = faults.outputs(next(iter(feed.values())), outputs)
        for tensor in self.engine.outputs:
            self._array(tensor)[...] = outputs[tensor.name]

    def _array(self, tensor: _Tensor) -> Any:
        block = cuda.device.memory[self.addresses[tensor.name]]
        return np.frombuffer(block, _NUMPY[tensor.dtype]).reshape(tensor.shape)
