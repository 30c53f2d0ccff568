"""What every inference engine can do, and how one is chosen and proven."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import SegmentationConfig
from seg_perception.errors import EngineError
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.onnxruntime_engine import OnnxRuntimeEngine, available_providers
from seg_perception.inference.reading import Segmentation
from seg_perception.inference.selftest import Verdict, prove

_CPU = "CPUExecutionProvider"


class Engine(Protocol):
    """Runs one model."""

    @property
    def bundle(self) -> Bundle:
        """The model."""
        ...

    @property
    def description(self) -> str:
        """Runtime, device and model in one line."""
        ...

    def infer(self, image: NDArray[np.uint8]) -> Segmentation:
        """Segment a uint8 (H, W, 3) RGB image at the network's size.

        Returns:
            Labels uint8 or uint16 (H, W) and confidence uint8 (H, W).

        Raises:
            EngineError: the engine failed, or its output makes no sense.
        """
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...


@dataclass(frozen=True)
class ProvenEngine:
    """An engine that passed the self-test on this machine.

    Attributes:
        engine: what runs.
        verdict: what the golden frames said.
        load_s: how long loading took, without the self-test.
        refused: engines that were tried before, and why each was not taken.
    """

    engine: Engine
    verdict: Verdict
    load_s: float
    refused: tuple[str, ...] = ()

    @property
    def bundle(self) -> Bundle:
        """The model."""
        return self.engine.bundle

    @property
    def description(self) -> str:
        """Runtime, device, model, load time and verdict in one line."""
        return f"{self.engine.description}, loaded in {self.load_s:.2f} s, {self.verdict.detail}"

    def infer(self, image: NDArray[np.uint8]) -> Segmentation:
        """As `Engine.infer`."""
        return self.engine.infer(image)

    def close(self) -> None:
        """Free what it holds."""
        self.engine.close()


def create_engine(bundle: Bundle, config: SegmentationConfig) -> ProvenEngine:
    """Load and prove the first engine that works.

    `auto` falls back from provider to provider, down to the CPU; an engine that was
    asked for by name is taken as it is, or refused.

    Raises:
        EngineError: none can be loaded and proven; the text says why for each.
    """
    refused: list[str] = []
    for providers in _candidates(config, refused):
        if engine := _attempt(bundle, config, providers, refused):
            return engine
    msg = f"no engine can run {bundle}: {'; '.join(refused)}"
    raise EngineError(msg)


def _candidates(config: SegmentationConfig, refused: list[str]) -> list[Sequence[str]]:
    """Lists of providers to try, the best one first; those that are missing go to `refused`."""
    if config.engine == "tensorrt":
        msg = (
            "segmentation.engine: tensorrt is not part of this version; set it to onnxruntime, "
            "for an NVIDIA GPU with segmentation.providers [CUDAExecutionProvider]"
        )
        raise EngineError(msg)
    if config.engine == "onnxruntime":
        return [config.providers]
    available = available_providers()
    usable = [name for name in dict.fromkeys([*config.providers, _CPU]) if name in available]
    missing = [name for name in config.providers if name not in available]
    refused += [f"{name} is not available here" for name in missing]
    return [usable[start:] for start in range(len(usable))]


def _attempt(
    bundle: Bundle, config: SegmentationConfig, providers: Sequence[str], refused: list[str]
) -> ProvenEngine | None:
    """A proven engine; or None, and the reason goes to `refused`."""
    start = time.perf_counter()
    try:
        engine = OnnxRuntimeEngine(bundle, providers, config.threads)
    except EngineError as error:
        refused.append(str(error))
        return None
    load_s = time.perf_counter() - start
    verdict = prove(engine, config.min_golden_agreement)
    if not verdict.passed:
        engine.close()
        refused.append(f"{engine.description} failed its self-test: {verdict.detail}")
        return None
    return ProvenEngine(engine, verdict, load_s, tuple(refused))
