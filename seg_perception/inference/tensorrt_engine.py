"""Runs a bundle's model as a TensorRT engine that was built for this very machine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import TensorRtConfig
from seg_perception.core.errors import EngineError
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.chain import Loaded
from seg_perception.inference.device import find_device, without_device
from seg_perception.inference.reading import Segmentation, make_reader
from seg_perception.inference.self_test import SelfTestResult
from seg_perception.inference.tensorrt.bindings import TensorRt, load_tensorrt
from seg_perception.inference.tensorrt.builder_pipe import BuildRequest
from seg_perception.inference.tensorrt.cache import EngineCache, StaleEngineError, now
from seg_perception.inference.tensorrt.cuda import Cuda, DeviceFacts
from seg_perception.inference.tensorrt.cuda_library import open_cuda
from seg_perception.inference.tensorrt.engine_builder import Build, EngineBuilder
from seg_perception.inference.tensorrt.engine_metadata import EngineMetadata, SelfTest
from seg_perception.inference.tensorrt.key import EngineKey
from seg_perception.inference.tensorrt.session import Session
from seg_perception.inference.tensorrt.variants import ModelVariant, find_variant
from seg_perception.inference.tensors import expect_image, make_packer


@dataclass(frozen=True)
class Machine:
    """TensorRT and the device that it runs on.

    Attributes:
        tensorrt: the module.
        cuda: the device; None where engines are built ahead of time.
    """

    tensorrt: TensorRt
    cuda: Cuda | None

    @property
    def facts(self) -> DeviceFacts | None:
        """About the device."""
        return self.cuda.facts if self.cuda is not None else None

    @classmethod
    def open(cls, config: TensorRtConfig, *, build_only: bool = False) -> Machine:
        """Load TensorRT and open the device.

        Args:
            config: which.
            build_only: a machine without a device will do, for TensorRT for RTX.

        Raises:
            EngineError: one of them is missing.
        """
        tensorrt = load_tensorrt(config.module)
        if build_only and not find_device():
            return cls(tensorrt, None)
        return cls(tensorrt, open_cuda(config.device))


class TensorRtEngine:
    """One session.

    Attributes:
        bundle: what runs.
        description: runtime, device, variant and model in one line.
    """

    def __init__(
        self,
        bundle: Bundle,
        machine: Machine,
        plan: bytes,
        metadata: EngineMetadata,
        *,
        mapped: bool,
    ) -> None:
        """Load a built engine and compare its tensors with the manifest.

        Raises:
            EngineError: no device, TensorRT can't load it, or it is not what the manifest says.
        """
        if machine.cuda is None:
            msg = f"{without_device()}: the engine was built and can't be run"
            raise EngineError(msg)
        self.bundle = bundle
        self._packer = make_packer(bundle.manifest.input)
        self._reader = make_reader(bundle.manifest)
        self._session: Session | None = Session(
            machine.tensorrt,
            machine.cuda,
            plan,
            [self._packer.spec],
            self._reader.specs,
            mapped=mapped,
        )
        key = metadata.key
        self.description = f"{key.module} {key.module_version}, {key.gpu}, {key.variant}: {bundle}"

    def infer(self, image: NDArray[np.uint8]) -> Segmentation:
        """Segment one image.

        Args:
            image: uint8 (H, W, 3), RGB at the network's size.

        Returns:
            Labels uint8 or uint16 (H, W) and confidence uint8 (H, W).

        Raises:
            EngineError: closed, CUDA or TensorRT failed, or the output makes no sense.
        """
        if self._session is None:
            msg = "the engine is closed; make a new one"
            raise EngineError(msg)
        expect_image(image, self.bundle.height, self.bundle.width)
        return self._reader.read(self._session.run([self._packer.pack(image)]))

    def close(self) -> None:
        """Free the device's memory."""
        if self._session is not None:
            self._session.close()
            self._session = None


class TensorRtLoader:
    """Finds an engine in the cache, or has it built, and loads it."""

    def __init__(self, bundle: Bundle, config: TensorRtConfig, builds: EngineBuilder) -> None:
        """Import nothing yet."""
        self._bundle = bundle
        self._config = config
        self._builds = builds
        self._cache = EngineCache.at(config.cache)
        self._machine: Machine | None = None

    def absent(self, choice: str) -> str:
        """Without a device TensorRT is not even imported."""
        del choice
        return "" if find_device() else without_device()

    def load(self, choice: str, *, may_build: bool) -> Loaded:
        """Load the engine of a variant.

        Raises:
            NoVariantError: the bundle has no such variant.
            EngineError: no TensorRT, no engine, or one that can't be loaded.
            EngineBuildingError: it is being built.
        """
        variant = find_variant(self._bundle, choice)
        if self._machine is None:
            self._machine = Machine.open(self._config)
        key = EngineKey.of(
            self._bundle, variant, self._machine.tensorrt, self._machine.facts, self._config
        )
        plan, metadata = self._obtain(key, variant, may_build=may_build)
        if metadata.live_failure:
            msg = (
                f"engine {key.stem} was wrong on a live frame before ({metadata.live_failure}); "
                "seg-perception engine clean removes it, to have it built again"
            )
            raise EngineError(msg)
        engine = TensorRtEngine(
            self._bundle,
            self._machine,
            plan,
            metadata,
            mapped=is_mapped(self._config, self._machine),
        )
        return Loaded(
            engine,
            keep=lambda result: keep_self_test(self._cache, metadata, result),
            quarantine=lambda reason: keep_live_failure(self._cache, key, reason),
            agreement=variant.agreement,
        )

    def _obtain(
        self, key: EngineKey, variant: ModelVariant, *, may_build: bool
    ) -> tuple[bytes, EngineMetadata]:
        try:
            return self._cache.read(key)
        except StaleEngineError as error:
            if not may_build or self._config.on_missing == "fail":
                name = self._bundle.manifest.name
                msg = f"{error}; seg-perception engine build {name} makes it"
                raise EngineError(msg) from error
        self._builds.obtain(make_build(self._bundle, variant, key, self._cache, self._config))
        return self._cache.read(key)


def is_mapped(config: TensorRtConfig, machine: Machine) -> bool:
    """Whether CPU and device work in one memory."""
    shared = machine.facts is not None and machine.facts.integrated
    return config.memory == "mapped" or (config.memory == "auto" and shared)


def make_build(
    bundle: Bundle,
    variant: ModelVariant,
    key: EngineKey,
    cache: EngineCache,
    config: TensorRtConfig,
) -> Build:
    """What a builder is asked for a variant of a bundle."""
    request = BuildRequest(
        module=key.module,
        device=None if key.is_ahead_of_time else config.device,
        model=str(bundle.folder / variant.file),
        plan=str(cache.draft(key)),
        timing_cache=str(cache.timing_cache(key)),
        input_shape=key.input_shape,
        precision=variant.precision,
        derived=variant.derived,
        workspace_mib=config.workspace_mib,
        optimization_level=config.optimization_level,
    )
    return Build(key, cache, request, config)


def keep_live_failure(cache: EngineCache, key: EngineKey, reason: str) -> None:
    """Write into an engine's metadata that it must not be loaded again."""
    try:
        metadata = cache.metadata(key)
        cache.update(metadata.model_copy(update={"live_failure": f"{now()}: {reason}"}))
    except (OSError, StaleEngineError):
        return  # nobody can load it then, or nobody can remember


def keep_self_test(cache: EngineCache, metadata: EngineMetadata, result: SelfTestResult) -> None:
    """Write into an engine's metadata what the golden frames showed; a full disk forgets it."""
    try:
        cache.update(metadata.model_copy(update={"self_test": SelfTest.of(result, now())}))
    except OSError:
        return
