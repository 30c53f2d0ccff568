"""Engines built, examined and found useless beside the robot's work: `seg-perception engine`."""

from __future__ import annotations

from collections.abc import Iterator

from seg_perception.config import SegmentationConfig, TensorRtConfig
from seg_perception.core.errors import EngineError, NoVariantError
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.chain import Report
from seg_perception.inference.device import without_device
from seg_perception.inference.onnxruntime_engine import OnnxRuntimeEngine
from seg_perception.inference.onnxruntime_providers import CPU_PROVIDER
from seg_perception.inference.protocol import Engine
from seg_perception.inference.self_test import SelfTestResult, Thresholds, self_test
from seg_perception.inference.tensorrt.builder_pipe import Tensor
from seg_perception.inference.tensorrt.cache import EngineCache, Entry, StaleEngineError
from seg_perception.inference.tensorrt.checks import TENSORRT, Check, State, expect_tensors
from seg_perception.inference.tensorrt.engine_builder import EngineBuilder
from seg_perception.inference.tensorrt.engine_metadata import EngineMetadata
from seg_perception.inference.tensorrt.key import EngineKey
from seg_perception.inference.tensorrt.variants import ModelVariant, find_variant
from seg_perception.inference.tensorrt_engine import (
    Machine,
    TensorRtEngine,
    is_mapped,
    keep_self_test,
    make_build,
)


class EngineManager:
    """The TensorRT engines of one bundle on this machine."""

    def __init__(
        self, bundle: Bundle, segmentation: SegmentationConfig, tensorrt: TensorRtConfig
    ) -> None:
        """Import nothing yet."""
        self._bundle = bundle
        self._segmentation = segmentation
        self._config = tensorrt
        self._cache = EngineCache.at(tensorrt.cache)

    def build(self, builds: EngineBuilder, report: Report, *, every: bool) -> list[Check]:
        """Build and validate the engines of the chain, in its order.

        Args:
            builds: who builds.
            report: told what comes next.
            every: do not stop at the first that is validated: a robot has the next one ready.

        Raises:
            EngineError: there is no TensorRT, or the chain names no variant that the bundle has.
        """
        machine = Machine.open(self._config, build_only=True)
        if machine.cuda is None:
            report(f"{without_device()}: engines are built ahead of time and not run")
        checks: list[Check] = []
        variants = self._variants()
        if not variants:
            entry = f"{TENSORRT}fp32"
            msg = f"segmentation.chain names no TensorRT variant of the bundle; add {entry}"
            raise EngineError(msg)
        for entry, variant in variants.items():
            checks += self._build(entry, variant, machine, builds)
            if not every and checks[-1].state == "validated":
                break
        return checks

    def verify(self) -> list[Check]:
        """What is known of the bundle's engines on this machine; builds nothing."""
        checks = list(self._about_bundle())
        try:
            machine = Machine.open(self._config, build_only=True)
        except EngineError as error:
            checks.append(Check("tensorrt", "TensorRT runs here", "not validated", str(error)))
        else:
            for entry, variant in self._variants().items():
                checks += self._examine(entry, variant, machine)
        checks.append(self._about_cpu())
        return checks

    def _variants(self) -> dict[str, ModelVariant]:
        """The chain's TensorRT entries that the bundle has a file for; each file once."""
        found: dict[str, ModelVariant] = {}
        for entry in self._segmentation.chain:
            if not entry.startswith(TENSORRT):
                continue
            try:
                variant = find_variant(self._bundle, entry.removeprefix(TENSORRT))
            except NoVariantError:
                continue  # a chain names more than any one bundle has
            if variant not in found.values():
                found[entry] = variant
        return found

    def _key(self, variant: ModelVariant, machine: Machine) -> EngineKey:
        return EngineKey.of(self._bundle, variant, machine.tensorrt, machine.facts, self._config)

    def _build(
        self, entry: str, variant: ModelVariant, machine: Machine, builds: EngineBuilder
    ) -> list[Check]:
        key = self._key(variant, machine)
        try:
            self._cache.read(key)
        except StaleEngineError:
            build = make_build(self._bundle, variant, key, self._cache, self._config)
            try:
                builds.obtain(build)
            except EngineError as error:
                return [Check(entry, "TensorRT builds the engine", "failed", str(error))]
        return self._examine(entry, variant, machine)

    def _examine(self, entry: str, variant: ModelVariant, machine: Machine) -> list[Check]:
        key = self._key(variant, machine)
        whole = "the engine is whole and was built from this model"
        try:
            plan, metadata = self._cache.read(key)
        except StaleEngineError as error:
            return [Check(entry, whole, "not validated", str(error))]
        detail = f"{key.module} {key.module_version}, {_device(key)}, {metadata.built_at}"
        checks = [Check(entry, whole, "validated", detail), self._about_tensors(entry, metadata)]
        if metadata.live_failure:
            live = "it was right on every live frame that was compared"
            checks.append(Check(entry, live, "failed", metadata.live_failure))
        return [*checks, self._about_labels(entry, variant, machine, plan, metadata)]

    def _about_tensors(self, entry: str, metadata: EngineMetadata) -> Check:
        statement = "inputs and outputs are those of the manifest"
        try:
            expect_tensors(self._bundle, metadata)
        except EngineError as error:
            return Check(entry, statement, "failed", str(error))
        tensors = ", ".join(map(_describe, [*metadata.inputs, *metadata.outputs]))
        return Check(entry, statement, "validated", tensors)

    def _about_labels(
        self,
        entry: str,
        variant: ModelVariant,
        machine: Machine,
        plan: bytes,
        metadata: EngineMetadata,
    ) -> Check:
        statement = "it gives the golden labels on this device"
        if machine.cuda is None:
            why = f"{without_device()}: the engine was built and never run"
            return Check(entry, statement, "not validated", why)
        try:
            mapped = is_mapped(self._config, machine)
            engine = TensorRtEngine(self._bundle, machine, plan, metadata, mapped=mapped)
        except EngineError as error:
            return Check(entry, statement, "failed", str(error))
        check, result = self._run(entry, statement, engine, variant.agreement)
        keep_self_test(self._cache, metadata, result)
        return check

    def _about_bundle(self) -> Iterator[Check]:
        count = len(self._bundle.manifest.files)
        yield Check("bundle", "files are those of the manifest", "validated", f"{count} hashes")
        for parity in self._bundle.manifest.parity:
            detail = f"{parity.label_agreement:.2%} equal labels on {parity.frames} frames"
            text = f"{parity.candidate} answers as {parity.reference}"
            yield Check("bundle", text, "not validated", f"measured at export, not here: {detail}")

    def _about_cpu(self) -> Check:
        statement = "it gives the golden labels on this CPU"
        entry = f"onnxruntime/{CPU_PROVIDER}"
        try:
            engine = OnnxRuntimeEngine(self._bundle, [CPU_PROVIDER], self._segmentation.threads)
        except EngineError as error:
            return Check(entry, statement, "failed", str(error))
        return self._run(entry, statement, engine)[0]

    def _run(
        self, entry: str, statement: str, engine: Engine, agreement: float = 1.0
    ) -> tuple[Check, SelfTestResult]:
        result = self_test(engine, Thresholds.of(self._segmentation).less(agreement))
        engine.close()
        state: State = "validated" if result.validated else "failed"
        if result.passed and not result.validated:
            state = "not validated"
        return Check(entry, statement, state, result.detail), result


def _device(key: EngineKey) -> str:
    if key.is_ahead_of_time:
        return "for no device in particular"
    return f"{key.gpu} ({key.compute_capability}), driver {key.driver}"


def _describe(tensor: Tensor) -> str:
    return f"{tensor.name} {tensor.dtype} {list(tensor.shape)}"


def unusable(entry: Entry, config: TensorRtConfig) -> str:
    """Why an engine can't be used here; empty where it can, or where that can't be known."""
    if entry.problem or entry.metadata is None:
        return entry.problem
    if entry.metadata.live_failure:
        return f"wrong on a live frame: {entry.metadata.live_failure}"
    key = entry.metadata.key
    module = key.module if key.module in ("tensorrt", "tensorrt_rtx") else "auto"
    try:
        machine = Machine.open(config.model_copy(update={"module": module}), build_only=True)
    except EngineError:
        return ""  # without TensorRT or its device nobody can tell
    if machine.tensorrt.version != key.module_version:
        return f"built by {key.module} {key.module_version}, here is {machine.tensorrt.version}"
    facts = machine.facts
    if facts is None or key.is_ahead_of_time:
        return ""
    here = (facts.name, facts.compute_capability, facts.driver, facts.runtime)
    built = (key.gpu, key.compute_capability, key.driver, key.cuda)
    return f"built for {' '.join(built)}, here is {' '.join(here)}" if here != built else ""
