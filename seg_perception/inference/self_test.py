"""Tests an engine on this machine against the bundle's golden frames.

Runtimes are known to be silently wrong on some models and devices, whatever their
version says; only the labels tell.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import SegmentationConfig
from seg_perception.core.errors import EngineError

if TYPE_CHECKING:
    from seg_perception.inference.bundle import Bundle, GoldenFrame
    from seg_perception.inference.protocol import Engine
    from seg_perception.inference.reading import Labels


@dataclass(frozen=True)
class Thresholds:
    """What an engine must reach on every golden frame.

    Attributes:
        min_agreement: least share of equal labels.
        max_confidence_error: greatest mean error of the confidence, 1 being its range.
    """

    min_agreement: float = 0.995
    max_confidence_error: float = 0.05

    @classmethod
    def of(cls, config: SegmentationConfig) -> Thresholds:
        """Those of a configuration."""
        return cls(config.min_golden_agreement, config.max_golden_confidence_error)

    def less(self, agreement: float) -> Thresholds:
        """Those of a variant that was measured to reach this share of the golden labels itself."""
        return replace(self, min_agreement=max(self.min_agreement - (1 - agreement), 0.0))


@dataclass(frozen=True)
class SelfTestResult:
    """What the golden frames showed.

    Attributes:
        passed: the engine may be used.
        agreement: share of equal labels on the worst frame, 0 to 1; None where there
            was nothing to compare with.
        detail: one line for logs and diagnostics.
        duration_s: how long the test took.
    """

    passed: bool
    agreement: float | None
    detail: str
    duration_s: float

    @property
    def validated(self) -> bool:
        """True where golden frames were reproduced; False too where there are none."""
        return self.passed and self.agreement is not None


def self_test(engine: Engine, thresholds: Thresholds) -> SelfTestResult:
    """Run the golden frames; without any, one made-up image, to see that the engine runs.

    Args:
        engine: the engine as it will be used.
        thresholds: what it must reach.

    Returns:
        The result; a failure of the engine is one too.
    """
    start = time.perf_counter()
    try:
        passed, agreement, detail = _judge(engine, thresholds)
    except EngineError as error:
        passed, agreement, detail = False, None, str(error)
    return SelfTestResult(passed, agreement, detail, time.perf_counter() - start)


def _judge(engine: Engine, thresholds: Thresholds) -> tuple[bool, float | None, str]:
    frames = engine.bundle.golden
    if not frames:
        engine.infer(_gradient(engine.bundle))
        return True, None, "not validated: no golden frames"
    found = [engine.infer(frame.image) for frame in frames]
    labels = [answer[0] for answer in found]
    agreements = [_agreement(got, frame) for got, frame in zip(labels, frames, strict=True)]
    worst = min(agreements)
    text = f"{worst:.2%} equal labels on the worst of {len(frames)} golden frames"
    if worst < thresholds.min_agreement:
        name = frames[agreements.index(worst)].name
        return False, worst, f"{text} ({name}), expected {thresholds.min_agreement:.2%}"
    # The frames show several classes (checked at load): a network that sees one has collapsed.
    if len(np.unique(labels)) == 1:
        return False, worst, f"{text}, but one class alone on all of them"
    confidences = [answer[1] for answer in found]
    error = max(map(_confidence_error, confidences, frames))
    if error > thresholds.max_confidence_error:
        expected = f"expected at most {thresholds.max_confidence_error:.1%}"
        return False, worst, f"{text}, but their confidence is off by {error:.1%}, {expected}"
    return True, worst, text


def _confidence_error(confidence: NDArray[np.uint8], frame: GoldenFrame) -> float:
    """Mean error, 1 being the range of a byte; 0 where the bundle has no golden confidence."""
    if frame.confidence is None:
        return 0.0
    return float(np.mean(np.abs(confidence.astype(np.int16) - frame.confidence))) / 255


def _agreement(labels: Labels, frame: GoldenFrame) -> float:
    return float(np.mean(labels == frame.labels))


def _gradient(bundle: Bundle) -> NDArray[np.uint8]:
    """uint8 (H, W, 3): grey from left to right."""
    row = np.linspace(0, 255, bundle.width).astype(np.uint8)
    return np.ascontiguousarray(
        np.broadcast_to(row[None, :, None], (bundle.height, bundle.width, 3))
    )
