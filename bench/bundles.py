"""`python -m bench.bundles A B …`: what the networks of bundles cost, beside one another.

One thread of ONNX Runtime on the CPU, in turns, so that what disturbs one disturbs all.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime

from seg_perception.inference.bundle import Bundle

_ROUNDS = 40
_WARM_UP = 5


def main() -> None:
    """Print the median processor time of each, and its ratio to that of the last."""
    parser = argparse.ArgumentParser(description="Processor time of bundles' networks.")
    parser.add_argument("bundles", nargs="+", help="names, folders or zips")
    bundles = [Bundle.load(name) for name in parser.parse_args().bundles]
    times = np.median(_measure([_session(bundle) for bundle in bundles]), axis=0)
    for bundle, milliseconds in zip(bundles, times * 1e3, strict=True):
        print(f"{bundle}: {milliseconds:.1f} ms, {milliseconds / times[-1] / 1e3:.2f} of the last")


def _session(bundle: Bundle) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        str(bundle.model_path), options, providers=["CPUExecutionProvider"]
    )


def _measure(sessions: Sequence[Any]) -> list[list[float]]:
    """Seconds of processor time, a row a round."""
    rounds = [[_once(session) for session in sessions] for _ in range(_WARM_UP + _ROUNDS)]
    return rounds[_WARM_UP:]


def _once(session: Any) -> float:
    entry = session.get_inputs()[0]
    image = np.random.default_rng(0).integers(0, 256, entry.shape, np.uint8)
    start = time.process_time()
    session.run(None, {entry.name: image})
    return time.process_time() - start


if __name__ == "__main__":
    main()
