"""Engines built and examined beside the robot's work: `seg-perception engine`."""

from __future__ import annotations

from collections.abc import Iterator

from seg_perception.config import SegmentationConfig, TensorRtConfig
from seg_perception.core.errors import EngineError, NoVariantError
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.chain import Report
from seg_perception.inference.device import without_device
from seg_perception.inference.onnxruntime_engine import CPU_PROVIDER, OnnxRuntimeEngine
from seg_perception.inference.protocol import Engine
from seg_perception.inference.self_test import SelfTestResult, Thresholds, self_test
from seg_perception.inference.tensorrt.cache import EngineCache, StaleEngineError
from seg_perception.inference.tensorrt.checks import TENSORRT, Check, State, expect_tensors
from seg_perception.inference.tensorrt.engine_builder import EngineBuilder
from seg_perception.inference.tensorrt.engine_metadata import EngineMetadata
from seg_perception.inference.tensorrt.key import EngineKey
from seg_perception.inference.tensorrt.requests import Tensor
from seg_perception.inference.tensorrt.variants import ModelVariant, find_variant
from seg_perception.inference.tensorrt_engine import (
    Machine,
    TensorRtEngine,
    is_mapped,
    keep_verdict,
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
        """Build and prove the engines of the chain, in its order.

        Args:
            builds: who builds.
            report: told what comes next.
            every: do not stop at the first that is proven, so that a robot has the next one ready.

        Raises:
            EngineError: there is no TensorRT, or the chain names no form that the bundle has.
        """
        machine = Machine.open(self._config, build_only=True)
        if machine.cuda is None:
            report(f"{without_device()}: engines are built ahead of time and not run")
        checks: list[Check] = []
        forms = self._forms()
        if not forms:
            msg = "segmentation.chain names no TensorRT form that the bundle has; add tensorrt/fp32"
            raise EngineError(msg)
        for entry, form in forms.items():
            checks += self._build(entry, form, machine, builds)
            if not every and checks[-1].state == "proven":
                break
        return checks

    def verify(self) -> list[Check]:
        """What is known of the bundle's engines on this machine; builds nothing."""
        checks = list(self._about_bundle())
        try:
            machine = Machine.open(self._config, build_only=True)
        except EngineError as error:
            checks.append(Check("tensorrt", "TensorRT runs here", "not proven", str(error)))
        else:
            for entry, form in self._forms().items():
                checks += self._examine(entry, form, machine)
        checks.append(self._about_cpu())
        return checks

    def _forms(self) -> dict[str, ModelVariant]:
        """The chain's TensorRT entries that the bundle has a file for; each file once."""
        found: dict[str, ModelVariant] = {}
        for entry in self._segmentation.chain:
            if not entry.startswith(TENSORRT):
                continue
            try:
                form = find_variant(self._bundle, entry.removeprefix(TENSORRT))
            except NoVariantError:
                continue  # a chain names more than any one bundle has
            if form not in found.values():
                found[entry] = form
        return found

    def _key(self, form: ModelVariant, machine: Machine) -> EngineKey:
        return EngineKey.of(self._bundle, form, machine.tensorrt, machine.facts, self._config)

    def _build(
        self, entry: str, form: ModelVariant, machine: Machine, builds: EngineBuilder
    ) -> list[Check]:
        key = self._key(form, machine)
        try:
            self._cache.read(key)
        except StaleEngineError:
            build = make_build(self._bundle, form, key, self._cache, self._config)
            try:
                builds.obtain(build)
            except EngineError as error:
                return [Check(entry, "TensorRT builds the engine", "failed", str(error))]
        return self._examine(entry, form, machine)

    def _examine(self, entry: str, form: ModelVariant, machine: Machine) -> list[Check]:
        key = self._key(form, machine)
        whole = "the engine is whole and was built from this model"
        try:
            plan, record = self._cache.read(key)
        except StaleEngineError as error:
            return [Check(entry, whole, "not proven", str(error))]
        detail = f"{key.module} {key.module_version}, {_device(key)}, {record.built_at}"
        checks = [Check(entry, whole, "proven", detail), self._about_tensors(entry, record)]
        if record.live_failure:
            live = "it was right on every live frame that was compared"
            checks.append(Check(entry, live, "failed", record.live_failure))
        return [*checks, self._about_labels(entry, machine, plan, record)]

    def _about_tensors(self, entry: str, record: EngineMetadata) -> Check:
        statement = "inputs and outputs are those of the manifest"
        try:
            expect_tensors(self._bundle, record)
        except EngineError as error:
            return Check(entry, statement, "failed", str(error))
        tensors = ", ".join(map(_describe, [*record.inputs, *record.outputs]))
        return Check(entry, statement, "proven", tensors)

    def _about_labels(
        self, entry: str, machine: Machine, plan: bytes, record: EngineMetadata
    ) -> Check:
        statement = "it gives the golden labels on this device"
        if machine.cuda is None:
            why = f"{without_device()}: the engine was built and never run"
            return Check(entry, statement, "not proven", why)
        try:
            mapped = is_mapped(self._config, machine)
            engine = TensorRtEngine(self._bundle, machine, plan, record, mapped=mapped)
        except EngineError as error:
            return Check(entry, statement, "failed", str(error))
        check, verdict = self._run(entry, statement, engine)
        keep_verdict(self._cache, record, verdict)
        return check

    def _about_bundle(self) -> Iterator[Check]:
        count = len(self._bundle.manifest.files)
        yield Check("bundle", "files are those of the manifest", "proven", f"{count} hashes")
        for parity in self._bundle.manifest.parity:
            detail = f"{parity.label_agreement:.2%} equal labels on {parity.frames} frames"
            text = f"{parity.candidate} answers as {parity.reference}"
            yield Check("bundle", text, "not proven", f"measured at export, not here: {detail}")

    def _about_cpu(self) -> Check:
        statement = "it gives the golden labels on this CPU"
        entry = f"onnxruntime/{CPU_PROVIDER}"
        try:
            engine = OnnxRuntimeEngine(self._bundle, [CPU_PROVIDER], self._segmentation.threads)
        except EngineError as error:
            return Check(entry, statement, "failed", str(error))
        return self._run(entry, statement, engine)[0]

    def _run(self, entry: str, statement: str, engine: Engine) -> tuple[Check, SelfTestResult]:
        verdict = self_test(engine, Thresholds.of(self._segmentation))
        engine.close()
        state: State = "proven" if verdict.proven else "failed"
        if verdict.passed and not verdict.proven:
            state = "not proven"
        return Check(entry, statement, state, verdict.detail), verdict


def _device(key: EngineKey) -> str:
    if key.is_ahead_of_time:
        return "for no device in particular"
    return f"{key.gpu} ({key.compute_capability}), driver {key.driver}"


def _describe(tensor: Tensor) -> str:
    return f"{tensor.name} {tensor.dtype} {list(tensor.shape)}"
