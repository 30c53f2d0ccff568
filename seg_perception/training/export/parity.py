"""Parity: whether an exported graph answers as its source does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seg_perception.core.errors import TrainingError
from seg_perception.inference.manifest import Parity, Precision
from seg_perception.training.export.onnx_graph import NetworkAnswer

# A robot refuses an engine that gives less than 99.5 % of the golden labels.
MIN_AGREEMENT: dict[Precision, float] = {
    "fp32": 0.999,
    "fp16_islands": 0.995,
    "fp16_islands_fp32_attention": 0.995,
    "bf16_islands": 0.995,
    # Of labels on live frames, spot_check_min_agreement asks for as much of any engine.
    "int8": 0.97,
}


def measure_parity(
    reference: Sequence[NetworkAnswer],
    candidate: Sequence[NetworkAnswer],
    names: tuple[str, str],
    least: float = MIN_AGREEMENT["fp32"],
) -> Parity:
    """Compare labels and logits of the same frames.

    Args:
        reference: answers as they should be.
        candidate: as they are; without logits these are not compared.
        names: what answered, reference first.
        least: share of the labels that must agree.

    Raises:
        TrainingError: fewer labels agree, a logit is not finite, or the
            reference has one class only, which would prove nothing.
    """
    pairs = list(zip(reference, candidate, strict=True))
    shares = label_shares(reference, candidate)
    agreement = float(np.mean(shares))
    errors = [
        float(np.abs(want.astype(np.float64) - got.astype(np.float64)).max())
        for one, other in pairs
        for want, got in zip(one.logits, other.logits, strict=False)
    ]
    if not np.isfinite(errors).all():
        msg = f"parity: {names[1]} gives logits that are not finite: no bundle is written"
        raise TrainingError(msg)
    if len(np.unique(np.concatenate([answer.labels.ravel() for answer in reference]))) < 2:
        msg = (
            "parity: the reference gives every pixel of every frame the same class: "
            "train longer or use other frames"
        )
        raise TrainingError(msg)
    if agreement < least:
        msg = (
            f"parity: {names[1]} agrees with {names[0]} on {agreement:.3%} of the labels, "
            f"expected at least {least:.1%}: no bundle is written; "
            "leave that variant out, or try another version of the exporter"
        )
        raise TrainingError(msg)
    return Parity(
        reference=names[0],
        candidate=names[1],
        frames=len(pairs),
        label_agreement=agreement,
        least_agreement=min(shares),
        max_abs_error=max(errors, default=None),
    )


def label_agreement(
    reference: Sequence[NetworkAnswer], candidate: Sequence[NetworkAnswer]
) -> float:
    """Share of the pixels that have the same label."""
    return float(np.mean(label_shares(reference, candidate)))


def label_shares(
    reference: Sequence[NetworkAnswer], candidate: Sequence[NetworkAnswer]
) -> list[float]:
    """Share of the pixels that have the same label, frame by frame."""
    pairs = zip(reference, candidate, strict=True)
    return [float((want.labels == got.labels).mean()) for want, got in pairs]
