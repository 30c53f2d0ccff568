"""Proof that an exported graph answers as its source does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.errors import TrainingError
from seg_perception.inference.manifest import Parity

MIN_AGREEMENT = 0.999
Answers = Sequence[tuple[NDArray[Any], NDArray[Any]]]


def measure_parity(reference: Answers, candidate: Answers, names: tuple[str, str]) -> Parity:
    """Compare labels and confidences of the same frames.

    Args:
        reference: labels and confidence per frame, as they should be.
        candidate: as they are.
        names: what answered, reference first.

    Raises:
        TrainingError: less than 99.9 % of the labels agree, or the reference has one
            class only, which would prove nothing.
    """
    pairs = list(zip(reference, candidate, strict=True))
    agreement = float(np.mean([(want == got).mean() for (want, _), (got, _) in pairs]))
    error = max(
        float(np.abs(want.astype(int) - got.astype(int)).max()) for (_, want), (_, got) in pairs
    )
    if len(np.unique(np.concatenate([want.ravel() for want, _ in reference]))) < 2:
        msg = (
            "parity: the reference gives every pixel of every frame the same class: "
            "train longer or use other frames"
        )
        raise TrainingError(msg)
    if agreement < MIN_AGREEMENT:
        msg = (
            f"parity: {names[1]} agrees with {names[0]} on {agreement:.3%} of the labels, "
            f"expected at least {MIN_AGREEMENT:.1%}: no bundle is written; "
            "try another opset or version of the exporter"
        )
        raise TrainingError(msg)
    return Parity(
        reference=names[0],
        candidate=names[1],
        frames=len(pairs),
        label_agreement=agreement,
        max_abs_error=error / 255,
    )
