"""One TensorRT engine on one device: upload, run, download, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from numpy.typing import NDArray

from seg_perception.core.errors import EngineError
from seg_perception.inference.tensorrt.bindings import TensorRt
from seg_perception.inference.tensorrt.buffers import Buffer, MappedBuffer, PinnedBuffer
from seg_perception.inference.tensorrt.cuda import Cuda
from seg_perception.inference.tensors import TensorSpec


class Session:
    """An engine with its buffers and its stream.

    All memory is taken here: what fits at load fits at every run.
    """

    def __init__(
        self,
        tensorrt: TensorRt,
        cuda: Cuda,
        plan: bytes,
        inputs: Sequence[TensorSpec],
        outputs: Sequence[TensorSpec],
        *,
        mapped: bool,
    ) -> None:
        """Load an engine and compare its tensors with what the manifest promises.

        Args:
            tensorrt: what built it.
            cuda: the device.
            plan: the engine's file.
            inputs: what is uploaded.
            outputs: what is downloaded; further outputs stay on the device.
            mapped: CPU and device share their memory: nothing is copied.

        Raises:
            EngineError: TensorRT can't load it, its tensors differ, or memory ran out.
        """
        self._errors: list[str] = []
        self._cuda = cuda
        self._buffers: dict[str, Buffer] = {}
        self._stream = 0
        self._logger = tensorrt.make_logger(self._listen)
        self._runtime: Any = None
        self._engine: Any = None
        self._context: Any = None
        try:
            self._load(tensorrt, plan)
            self._allocate(
                tensorrt, [*inputs, *outputs], PinnedBuffer if not mapped else MappedBuffer
            )
        except EngineError:
            self.close()
            raise
        self._inputs = [self._buffers[spec.name] for spec in inputs]
        self._outputs = [self._buffers[spec.name] for spec in outputs]

    def run(self, arrays: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Run once.

        Args:
            arrays: the inputs, of the shapes and dtypes of their specs.

        Returns:
            The outputs, of the shapes and dtypes of their specs; copies that belong to the caller.

        Raises:
            EngineError: CUDA or TensorRT failed.
        """
        self._cuda.use()
        for buffer, array in zip(self._inputs, arrays, strict=True):
            buffer.upload(array, self._stream)
        if not self._try(lambda: self._context.execute_async_v3(self._stream)):
            msg = f"TensorRT refused to run{self._quote()}"
            raise EngineError(msg)
        for buffer in self._outputs:
            buffer.download(self._stream)
        self._cuda.synchronize(self._stream)
        return [buffer.host.copy() for buffer in self._outputs]

    def close(self) -> None:
        """Free everything; a device that is lost has nothing left to free."""
        with suppress(EngineError):
            self._cuda.use()
        self._context = self._engine = None
        for buffer in self._buffers.values():
            buffer.close()
        self._buffers = {}
        if self._stream:
            with suppress(EngineError):
                self._cuda.destroy_stream(self._stream)
            self._stream = 0

    def _load(self, tensorrt: TensorRt, plan: bytes) -> None:
        self._cuda.use()
        self._runtime = self._try(lambda: tensorrt.trt.Runtime(self._logger))
        self._engine = self._try(lambda: self._runtime.deserialize_cuda_engine(plan))
        if self._engine is None:
            msg = f"{tensorrt.name} {tensorrt.version} can't load the engine{self._quote()}"
            raise EngineError(msg)
        self._context = self._try(self._engine.create_execution_context)
        if self._context is None:
            msg = f"no memory for the engine's working space{self._quote()}"
            raise EngineError(msg)
        self._stream = self._cuda.make_stream()

    def _allocate(
        self, tensorrt: TensorRt, specs: Sequence[TensorSpec], kind: type[Buffer]
    ) -> None:
        engine = self._engine
        names = [engine.get_tensor_name(n) for n in range(engine.num_io_tensors)]
        promised = {spec.name: spec for spec in specs}
        if missing := sorted(set(promised) - set(names)):
            msg = f"the manifest names the tensors {missing}, the engine has {names}"
            raise EngineError(msg)
        for name in names:
            shape = tuple(engine.get_tensor_shape(name))
            dtype = tensorrt.numpy_name(engine.get_tensor_dtype(name))
            if name in promised:
                promised[name].expect(shape, dtype)
            buffer = kind(self._cuda, shape, dtype)
            self._buffers[name] = buffer
            if not self._context.set_tensor_address(name, buffer.device):
                msg = f"TensorRT refused the memory of tensor {name!r}{self._quote()}"
                raise EngineError(msg)

    def _try(self, step: Callable[[], Any]) -> Any:
        """TensorRT answers with None or False, or raises what its C++ could not answer."""
        try:
            return step()
        except (RuntimeError, TypeError, MemoryError) as error:
            msg = f"TensorRT failed ({error}){self._quote()}"
            raise EngineError(msg) from error

    def _listen(self, severity: str, text: str) -> None:
        if severity in ("ERROR", "INTERNAL_ERROR"):
            self._errors = [*self._errors[-1:], text]

    def _quote(self) -> str:
        return f": {' | '.join(self._errors)}" if self._errors else ""
