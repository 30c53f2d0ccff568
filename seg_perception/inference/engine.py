"""The engine that a node or a replay uses: validated, watched, and replaced when it fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import SegmentationConfig, TensorRtConfig
from seg_perception.core.errors import EngineError
from seg_perception.core.issue_kinds.engines import ENGINE_FAILED, NO_OTHER_ENGINE
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.chain import Attempt, Candidate, Chain, Loader, Report, explain
from seg_perception.inference.onnxruntime_engine import OnnxRuntimeEngine, OnnxRuntimeLoader
from seg_perception.inference.onnxruntime_providers import CPU_PROVIDER
from seg_perception.inference.protocol import Engine
from seg_perception.inference.reading import Segmentation
from seg_perception.inference.self_test import SelfTestResult, Thresholds
from seg_perception.inference.spot_check import SpotCheck
from seg_perception.inference.tensorrt.engine_builder import BlockingEngineBuilder, EngineBuilder
from seg_perception.inference.tensorrt_engine import TensorRtLoader
from seg_perception.inference.tensors import expect_image

__all__ = ["Engine", "ValidatedEngine", "create_engine"]

_REFERENCE_THREADS = 1


class ValidatedEngine:
    """An engine that passed the self-test on this machine; the chain's next one when it fails.

    Used by one thread at a time; the properties may be read by others.
    """

    def __init__(
        self,
        chain: Chain,
        first: Candidate,
        make_spot_check: Callable[[Candidate], SpotCheck | None],
        report: Report,
    ) -> None:
        """Take over a chain and the engine that it gave."""
        self._chain = chain
        self._report = report
        self._make_spot_check = make_spot_check
        self._current = first
        self._spot_check = make_spot_check(first)
        self._quarantine_reason = ""
        self._lock = threading.Lock()

    @property
    def engine(self) -> Engine:
        """What runs now."""
        return self._current.engine

    @property
    def bundle(self) -> Bundle:
        """The model."""
        return self._current.engine.bundle

    @property
    def self_test(self) -> SelfTestResult:
        """What the golden frames showed of it."""
        return self._current.self_test

    @property
    def load_s(self) -> float:
        """How long loading took, without the self-test (second)."""
        return self._current.load_s

    @property
    def attempts(self) -> Sequence[Attempt]:
        """What became of each entry of the chain so far."""
        return tuple(self._chain.attempts)

    @property
    def refused(self) -> tuple[str, ...]:
        """Engines that were tried and can't be used, and why."""
        entries: dict[str, list[str]] = {}
        for attempt in self._chain.attempts:
            if attempt.outcome == "refused":
                entries.setdefault(attempt.detail, []).append(attempt.entry)
        return tuple(f"{', '.join(names)}: {detail}" for detail, names in entries.items())

    @property
    def quarantined(self) -> str:
        """Why nothing is segmented any more; empty while something is."""
        return self._quarantine_reason

    @property
    def unwatched(self) -> str:
        """Why live frames are compared no longer; empty while they are, or where none should be."""
        return self._spot_check.ended_since if self._spot_check is not None else ""

    @property
    def validation(self) -> str:
        """What golden frames and live frames showed, in one line."""
        findings = [self.self_test.detail]
        if self._spot_check is not None and self._spot_check.last is not None:
            findings.append(self._spot_check.last.detail)
        if self._spot_check is not None and self._spot_check.unavailable:
            findings.append(self._spot_check.unavailable)
        return "; ".join(findings)

    @property
    def description(self) -> str:
        """Runtime, device, model, load time, result, and what this machine lacks, in one line."""
        text = f"{self.engine.description}, loaded in {self.load_s:.2f} s, {self.self_test.detail}"
        lacks = dict.fromkeys(a.detail for a in self._chain.attempts if a.outcome == "skipped")
        return "; ".join([text, *lacks])

    def infer(self, image: NDArray[np.uint8]) -> Segmentation:
        """As `Engine.infer`; an engine that fails is replaced, and the next one answers.

        Raises:
            EngineError: no engine is left, or the image has another size.
        """
        expect_image(image, self.bundle.height, self.bundle.width)
        with self._lock:
            if self._spot_check is not None and (doubt := self._spot_check.failure):
                self._replace_quarantined(doubt)
            answer = self._infer(image)
            if self._spot_check is not None:
                self._spot_check.offer(image, answer[0])
        return answer

    def close(self) -> None:
        """Free what it holds."""
        if self._spot_check is not None:
            self._spot_check.close()
        self._current.engine.close()

    def _infer(self, image: NDArray[np.uint8]) -> Segmentation:
        if self._quarantine_reason:
            raise EngineError(self._quarantine_reason)
        try:
            return self._current.engine.infer(image)
        except EngineError as error:
            if not self._replace(str(error)):
                raise
        return self._infer(image)

    def _replace_quarantined(self, doubt: str) -> None:
        self._current.quarantine(doubt)
        if not self._replace(doubt):
            self._quarantine_reason = NO_OTHER_ENGINE.sentence(reason=doubt, bundle=self.bundle)

    def _replace(self, reason: str) -> bool:
        """Put the chain's next engine in the place of this one; False where there is none."""
        if self._chain.ended:
            return False
        failed = self._current.engine
        if self._spot_check is not None:
            self._spot_check.end()
        # Freed first: a device that ran out of memory needs the room for the next one.
        failed.close()
        why = ENGINE_FAILED.sentence(engine=failed.description, reason=reason)
        self._chain.reject_last(why)
        candidate = self._chain.next(may_build=False)
        if candidate is None:
            self._quarantine_reason = NO_OTHER_ENGINE.sentence(reason=reason, bundle=self.bundle)
            return False
        self._current = candidate
        self._spot_check = self._make_spot_check(candidate)
        self._report(f"frames are now segmented by {self._chain.attempts[-1]}")
        return True


def create_engine(
    bundle: Bundle,
    config: SegmentationConfig,
    tensorrt: TensorRtConfig | None = None,
    builds: EngineBuilder | None = None,
    report: Report = lambda _: None,
) -> ValidatedEngine:
    """Load and validate the first engine of the chain that works.

    Args:
        bundle: the model.
        config: the chain, and what an engine must reach.
        tensorrt: how TensorRT engines are made.
        builds: who builds engines that are missing; None waits for them.
        report: told of each engine that is refused, at start or later, and what took its place.

    Raises:
        EngineBuildingError: an engine is being built, and `builds` does not wait.
        EngineError: none can be loaded and validated; the text says why for each.
    """
    tensorrt = tensorrt or TensorRtConfig()
    loaders: dict[str, Loader] = {
        "onnxruntime": OnnxRuntimeLoader(bundle, config.threads, tensorrt),
        "tensorrt": TensorRtLoader(bundle, tensorrt, builds or BlockingEngineBuilder(report)),
    }
    entries = [e for e in config.chain if config.engine in ("auto", e.partition("/")[0])]
    chain = Chain(entries, loaders, Thresholds.of(config), report)
    first = chain.next(may_build=tensorrt.on_missing == "build")
    if first is None:
        reasons = explain(chain.attempts) or f"segmentation.chain has no {config.engine}"
        msg = f"no engine can run {bundle}: {reasons}"
        raise EngineError(msg)
    return ValidatedEngine(chain, first, lambda taken: _spot_check(taken, config, report), report)


def _spot_check(
    candidate: Candidate, config: SegmentationConfig, report: Report
) -> SpotCheck | None:
    """None for the reference itself, and where no comparison is wanted."""
    engine = candidate.engine
    if config.spot_check_period_s == 0:
        return None
    if isinstance(engine, OnnxRuntimeEngine) and engine.provider == CPU_PROVIDER:
        return None
    bundle = engine.bundle
    least = max(config.spot_check_min_agreement - (1 - candidate.agreement), 0.0)
    return SpotCheck(
        config.model_copy(update={"spot_check_min_agreement": least}),
        lambda: OnnxRuntimeEngine(bundle, [CPU_PROVIDER], _REFERENCE_THREADS),
        report,
    )
