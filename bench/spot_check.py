"""`python -m bench.spot_check`: how long an engine that is wrong on live frames alone lasts.

The engine under test is ONNX Runtime with wrong labels on everything but golden frames, at a
fixed rate; what is printed is measured on this machine.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import SegmentationConfig
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.chain import Chain, Loaded
from seg_perception.inference.engine import ValidatedEngine
from seg_perception.inference.onnxruntime_engine import OnnxRuntimeEngine
from seg_perception.inference.onnxruntime_providers import CPU_PROVIDER
from seg_perception.inference.protocol import Engine
from seg_perception.inference.self_test import Thresholds
from seg_perception.inference.spot_check import SpotCheck

BUNDLE = "field_tiny"
RATE_HZ = 10.0
GOOD_S = 1.0
_ENTRIES = ("simulated/wrong", "simulated/right")


class WrongLater:
    """Answers at once, from memory: right on golden frames, and on others until told."""

    def __init__(self, bundle: Bundle, live: dict[bytes, Any], *, wrong: bool) -> None:
        """Know the answers."""
        self.bundle = bundle
        self.description = "simulated"
        self.turned = False
        self._answers = live
        self._wrong = wrong

    def infer(self, image: NDArray[np.uint8]) -> Any:
        """Look the answer up."""
        labels, confidence, golden = self._answers[image.tobytes()]
        wrong = self._wrong and self.turned and not golden
        return (np.zeros_like(labels) if wrong else labels), confidence

    def close(self) -> None:
        """Nothing to free."""


class Loader:
    """Loads the two."""

    def __init__(self, engines: dict[str, WrongLater]) -> None:
        """Keep them."""
        self._engines = engines

    def absent(self, choice: str) -> str:
        """Both are there."""
        del choice
        return ""

    def load(self, choice: str, *, may_build: bool) -> Loaded:
        """One of them."""
        del may_build
        return Loaded(self._engines[choice])


def main() -> None:
    """Measure with the default parameters."""
    bundle = Bundle.load(BUNDLE)
    answers, frames, reference_s = _answers(bundle)
    print(f"{bundle}, {RATE_HZ:g} frames a second, one thread for the reference")
    print(f"the reference takes {1e3 * reference_s:.0f} ms of processor time for a frame")
    for good_s, when in ((0.0, "from the first frame on"), (GOOD_S, "right after a comparison")):
        engine, wrong = _engine(bundle, answers)
        _good(engine, frames, good_s)
        wrong.turned = True
        caught_s, published = _bad(engine, frames)
        print(f"wrong {when}: such labels went out for {caught_s:.1f} s, {published} frames")
        engine.close()


def _engine(bundle: Bundle, answers: dict[bytes, Any]) -> tuple[ValidatedEngine, WrongLater]:
    """A chain of an engine that can turn wrong, and one that is right."""
    config = SegmentationConfig()
    engines = {
        name: WrongLater(bundle, answers, wrong=name == "wrong") for name in ("wrong", "right")
    }
    chain = Chain(_ENTRIES, {"simulated": Loader(engines)}, Thresholds.of(config))
    first = chain.next(may_build=False)
    if first is None:
        raise SystemExit("; ".join(map(str, chain.attempts)))

    def watch(engine: Engine) -> SpotCheck | None:
        if engine is not engines["wrong"]:
            return None
        return SpotCheck(config, lambda: _reference(bundle), lambda _: None)

    return ValidatedEngine(chain, first, watch, lambda _: None), engines["wrong"]


def _good(engine: ValidatedEngine, frames: list[NDArray[np.uint8]], duration_s: float) -> None:
    """Right labels for a while: the first frame is compared."""
    start_s = time.monotonic()
    for number in range(round(duration_s * RATE_HZ)):
        time.sleep(max(start_s + number / RATE_HZ - time.monotonic(), 0))
        engine.infer(frames[number % len(frames)])


def _bad(engine: ValidatedEngine, frames: list[NDArray[np.uint8]]) -> tuple[float, int]:
    """Seconds and frames until another engine answers."""
    start_s = time.monotonic()
    number = 0
    while not engine.refused:
        time.sleep(max(start_s + number / RATE_HZ - time.monotonic(), 0))
        engine.infer(frames[number % len(frames)])
        number += 1
    return time.monotonic() - start_s, number - 1  # the last one was answered by the other


def _answers(bundle: Bundle) -> tuple[dict[bytes, Any], list[NDArray[np.uint8]], float]:
    """Answers of the reference to golden frames and to their mirror images, which are live."""
    reference = _reference(bundle)
    live = [np.ascontiguousarray(frame.image[:, ::-1]) for frame in bundle.golden]
    start_s = time.process_time()
    answers = {image.tobytes(): (*reference.infer(image)[:2], False) for image in live}
    each_s = (time.process_time() - start_s) / len(live)
    for frame in bundle.golden:
        answers[frame.image.tobytes()] = (*reference.infer(frame.image)[:2], True)
    return answers, live, each_s


def _reference(bundle: Bundle) -> OnnxRuntimeEngine:
    return OnnxRuntimeEngine(bundle, [CPU_PROVIDER], threads=1)


if __name__ == "__main__":
    main()
