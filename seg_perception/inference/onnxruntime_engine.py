"""Runs a bundle's model with ONNX Runtime, on any of its providers."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import TensorRtConfig
from seg_perception.core.errors import EngineError
from seg_perception.core.foreign_modules import import_foreign
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.chain import Loaded
from seg_perception.inference.device import find_device, without_device
from seg_perception.inference.load_failures import explain_load_failure
from seg_perception.inference.onnxruntime_providers import (
    CPU_PROVIDER,
    CUDA_PROVIDER,
    NVIDIA_PROVIDERS,
    TENSORRT_PROVIDER,
    ProviderOptions,
    preload_libraries,
    prepare_device,
    provider_options,
)
from seg_perception.inference.reading import Segmentation, make_reader
from seg_perception.inference.tensors import TensorSpec, expect_image, make_packer

_DTYPES = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(double)": "float64"}


class OnnxRuntimeEngine:
    """One session.

    Attributes:
        bundle: what runs.
        provider: the preferred one.
        description: runtime, provider, threads and model in one line.
    """

    def __init__(
        self,
        bundle: Bundle,
        providers: Sequence[str],
        threads: int = 0,
        options: ProviderOptions | None = None,
    ) -> None:
        """Load the model and compare its inputs and outputs with the manifest.

        Args:
            bundle: the model.
            providers: ONNX Runtime's names, the preferred one first.
            threads: of one run; 0 leaves it to ONNX Runtime.
            options: of the providers, by name.

        Raises:
            EngineError: ONNX Runtime or a provider is missing, the model can't be
                loaded, or it is not what the manifest says.
        """
        self.bundle = bundle
        self.provider = next(iter(providers), "")
        self._packer = make_packer(bundle.manifest.input)
        self._reader = make_reader(bundle.manifest)
        self._outputs = [spec.name for spec in self._reader.specs]
        options = options or {}
        chosen = [(name, dict(options.get(name, {}))) for name in providers]
        self._session: Any = _open_session(bundle, chosen, threads)
        _expect_tensors("input", self._session.get_inputs(), (self._packer.spec,), only=True)
        _expect_tensors("output", self._session.get_outputs(), self._reader.specs)
        self.description = _describe(bundle, providers, threads)

    def infer(self, image: NDArray[np.uint8]) -> Segmentation:
        """Segment one image.

        Args:
            image: uint8 (H, W, 3), RGB at the network's size.

        Returns:
            Labels uint8 or uint16 (H, W) and confidence uint8 (H, W).

        Raises:
            EngineError: closed, ONNX Runtime failed, or the output makes no sense.
        """
        if self._session is None:
            msg = "the engine is closed; make a new one"
            raise EngineError(msg)
        expect_image(image, self.bundle.height, self.bundle.width)
        feed = {self._packer.spec.name: self._packer.pack(image)}
        try:
            outputs = self._session.run(self._outputs, feed)
        except Exception as error:
            msg = f"ONNX Runtime failed on {self.bundle}: {_first_line(error)}"
            raise EngineError(msg) from error
        return self._reader.read(outputs)

    def close(self) -> None:
        """Free the session."""
        self._session = None


class OnnxRuntimeLoader:
    """Loads a bundle on the provider that the chain names."""

    def __init__(self, bundle: Bundle, threads: int, config: TensorRtConfig) -> None:
        """Remember what to load, on which device, and where engines are kept."""
        self._bundle = bundle
        self._threads = threads
        self._config = config

    def absent(self, choice: str) -> str:
        """NVIDIA's providers need a device."""
        return "" if choice not in NVIDIA_PROVIDERS or find_device() else without_device()

    def load(self, choice: str, *, may_build: bool) -> Loaded:
        """Load it.

        Raises:
            EngineError: as `OnnxRuntimeEngine`, or it would be built while a frame waits.
        """
        if choice == TENSORRT_PROVIDER and not may_build:
            msg = f"{choice} builds its engine when it is loaded, and a frame waits"
            raise EngineError(msg)
        providers, options = _with_helpers(choice), self._options(choice)
        return Loaded(OnnxRuntimeEngine(self._bundle, providers, self._threads, options))

    def _options(self, choice: str) -> ProviderOptions:
        runtime = _onnxruntime()
        if choice not in NVIDIA_PROVIDERS or choice not in available_providers():
            return {}
        preload_libraries(runtime)
        facts = prepare_device(self._config)
        return provider_options(self._bundle, self._config, facts, runtime.__version__)


def _with_helpers(provider: str) -> list[str]:
    """A provider and those that take what it can't run."""
    helpers = [CUDA_PROVIDER] if provider == TENSORRT_PROVIDER else []
    return list(dict.fromkeys([provider, *helpers, CPU_PROVIDER]))


def available_providers() -> list[str]:
    """Names of the providers that this ONNX Runtime has.

    Raises:
        EngineError: ONNX Runtime is not installed.
    """
    return list(_onnxruntime().get_available_providers())


def _onnxruntime() -> ModuleType:
    try:
        module = import_foreign("onnxruntime")
    except ImportError as error:
        msg = f"ONNX Runtime can't be imported ({error}); pip install onnxruntime"
        raise EngineError(msg) from error
    # Its packages for CPU and GPU share one folder: to uninstall one leaves half of the other.
    if not hasattr(module, "InferenceSession"):
        place = next(iter(getattr(module, "__path__", ["?"])))
        msg = (
            f"ONNX Runtime in {place} is not whole; pip uninstall onnxruntime onnxruntime-gpu, "
            "then install the one that is wanted"
        )
        raise EngineError(msg)
    return module


def _open_session(
    bundle: Bundle, providers: Sequence[tuple[str, dict[str, str]]], threads: int
) -> Any:
    runtime = _onnxruntime()
    names = [name for name, _ in providers]
    _expect_available(names, available_providers())
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    # The robot's other processes need the cores between two frames.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = runtime.InferenceSession(
            str(bundle.model_path), options, providers=list(providers)
        )
    except Exception as error:
        name = f"ONNX Runtime {runtime.__version__}"
        raise EngineError(explain_load_failure(bundle.model_path, name, error)) from error
    # ONNX Runtime drops a provider whose libraries it can't load and says so in its log alone.
    if dropped := [name for name in names if name not in session.get_providers()]:
        msg = (
            f"ONNX Runtime provider {dropped[0]} is not available here, since its libraries can't "
            "be loaded; ONNX Runtime's log names them, docs/how_to/install_gpu.md says where from"
        )
        raise EngineError(msg)
    return session


def _expect_available(providers: Sequence[str], available: Sequence[str]) -> None:
    missing = [name for name in providers if name not in available]
    if missing or not providers:
        msg = (
            f"ONNX Runtime provider {(missing or ['(none)'])[0]} is not available here; "
            f"name one of {list(available)} in segmentation.chain, or install what has it"
        )
        raise EngineError(msg)


def _expect_tensors(
    what: str, found: Sequence[Any], specs: Sequence[TensorSpec], *, only: bool = False
) -> None:
    by_name = {tensor.name: tensor for tensor in found}
    wanted = [spec.name for spec in specs]
    if set(wanted) - set(by_name) or (only and len(found) != len(wanted)):
        msg = (
            f"the manifest names the {what}s {wanted}, the model has {list(by_name)}; "
            f"correct the manifest's {what}"
        )
        raise EngineError(msg)
    for spec in specs:
        tensor = by_name[spec.name]
        dtype = _DTYPES.get(tensor.type, tensor.type.removeprefix("tensor(").removesuffix(")"))
        spec.expect(tensor.shape, dtype)


def _describe(bundle: Bundle, providers: Sequence[str], threads: int) -> str:
    count = f"{threads} threads" if threads else "default threads"
    names = " + ".join(name.removesuffix("ExecutionProvider") for name in providers)
    return f"ONNX Runtime {_onnxruntime().__version__}, {names}, {count}: {bundle}"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
