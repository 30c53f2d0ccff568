"""Every way in which pixels may be meant, tried on frames: nobody chooses but who looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import unknown_id
from seg_perception.importing.onnx_file.answers import CHANNELS, PIXELS, Answers
from seg_perception.importing.onnx_file.conversion import convert, run_converted
from seg_perception.importing.onnx_file.form import Form
from seg_perception.inference.reading import Segmentation

Image = NDArray[np.uint8]
_SEEN_SHARE = 0.01


@dataclass(frozen=True, eq=False)
class Trial:
    """One way, and what the network said then.

    Attributes:
        answers: what was assumed, with what had been said.
        options: the same as options of the command.
        segmentations: labels and confidence, a pair for each frame.
        confidence: mean, 0 to 1; None of class ids, which have none.
        classes: that have a hundredth of the pixels or more.
        borders: share of neighbouring pixels with different labels, 0 to 1.
    """

    answers: Answers
    options: str
    segmentations: Sequence[Segmentation]
    confidence: float | None
    classes: int
    borders: float


def try_all(form: Form, frames: Sequence[Image]) -> list[Trial]:
    """A trial of each combination that what is known leaves open.

    Args:
        form: without questions about shapes.
        frames: uint8 (H, W, 3) RGB at the network's size.
    """
    said = form.answers
    takes_bytes = form.source.image.dtype == "uint8"
    pixels = (said.pixels or "0..1",) if takes_bytes or said.pixels else PIXELS
    channels = (said.channels,) if said.channels else CHANNELS
    return [
        _try(form, said.assuming(one, other), frames, takes_bytes=takes_bytes)
        for one in pixels
        for other in channels
    ]


def _try(form: Form, answers: Answers, frames: Sequence[Image], *, takes_bytes: bool) -> Trial:
    found = run_converted(form, convert(form, answers), frames)
    labels = [pair[0] for pair in found]
    order = f"--channels {answers.channels}"
    return Trial(
        answers=answers,
        options=order if takes_bytes else f"--pixels {answers.pixels} {order}",
        segmentations=found,
        confidence=None if form.output.kind == "labels" else _mean_confidence(found),
        classes=count_classes(labels),
        borders=float(np.mean([border_share(one) for one in labels])),
    )


def _mean_confidence(found: Sequence[Segmentation]) -> float:
    return float(np.mean([pair[1] for pair in found])) / 255


def count_classes(labels: Sequence[NDArray[np.integer]]) -> int:
    """How many classes have a hundredth of the pixels of all label maps, or more."""
    ids, counts = np.unique(np.concatenate([one.ravel() for one in labels]), return_counts=True)
    known = ids != unknown_id(np.iinfo(labels[0].dtype).max - 1)
    return int((known & (counts >= _SEEN_SHARE * counts.sum())).sum())


def border_share(labels: NDArray[np.integer]) -> float:
    """Share of neighbouring pixels, beside and below each other, whose labels (h, w) differ."""
    across, down = labels[:, 1:] != labels[:, :-1], labels[1:] != labels[:-1]
    return float((across.sum() + down.sum()) / (across.size + down.size))
