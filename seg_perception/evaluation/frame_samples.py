"""Pictures of the worst and of typical frames, of however many there are."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import EvaluationError
from seg_perception.evaluation.frame_score import PICTURES, FrameScore
from seg_perception.evaluation.samples import CloudSample, ImageSample, Sample
from seg_perception.io.image_files import write_image

# Of the frames that chance picks, the ones nearest to the median become the typical ones.
_CANDIDATES = 16
_WIDTH = 960
_POINTS = 40_000
_JPEG = (cv2.IMWRITE_JPEG_QUALITY, 85)

Files = Callable[[str], Mapping[str, str]]


@dataclass(frozen=True)
class Kept:
    """A frame with pictures, and the sample in their size where they are to be written."""

    frame: FrameScore
    sample: Sample | None = None

    @property
    def badness(self) -> tuple[float, str]:
        """Worst first; frames of one score in the order of their names."""
        miou = self.frame.miou
        return (200.0 if miou is None else miou, self.key)

    @property
    def key(self) -> str:
        """The frame's name among all."""
        return f"{self.frame.stream} {self.frame.sequence} {self.frame.name}"

    @property
    def lot(self) -> str:
        """The same for the same frame, whoever draws, and as good as chance."""
        return hashlib.sha256(self.key.encode()).hexdigest()


class FrameSamples:
    """Keeps the samples of a few frames of a stream until their pictures are written.

    Which frames are kept does not depend on the order in which they come.
    """

    def __init__(self, folder: Path, size: int) -> None:
        """Take a folder for `pictures/`, and how many worst frames to keep."""
        self._folder = folder
        self._size = size
        self._kept: dict[str, Kept] = {}

    def offer(self, frame: FrameScore, sample: Sample) -> None:
        """Keep a frame if it is one of those to be kept, as far as is known yet."""
        if not self._size or frame.miou is None:
            return
        new = Kept(frame)
        chosen = _chosen([*self._kept.values(), new], self._size)
        if new.key not in chosen:
            return
        self._kept[new.key] = Kept(frame, _small(sample))
        for key in set(self._kept) - chosen:
            del self._kept[key]

    def clear(self) -> None:
        """Forget all frames."""
        self._kept.clear()

    def write(self) -> list[FrameScore]:
        """Write the pictures of the frames that are left; the frames with their files."""
        return [
            kept.frame.model_copy(update={"files": _write(self._folder, kept, kept.sample)})
            for kept in self._kept.values()
            if kept.sample is not None
        ]


def choose(frames: Iterable[FrameScore], size: int, median: float | None) -> list[FrameScore]:
    """The worst frames, then typical ones, of all that were kept anywhere; then those by lot.

    The lot falls on the same frames in every run, so that two runs have pictures to compare.
    """
    kept = [Kept(frame) for frame in frames]
    worst = sorted(kept, key=lambda entry: entry.badness)[:size]
    taken = {entry.key for entry in worst}
    rest = sorted((e for e in kept if e.key not in taken), key=lambda e: e.lot)[:_CANDIDATES]
    middle = 0.0 if median is None else median
    drawn = sorted(rest, key=lambda e: (abs((e.frame.miou or 0.0) - middle), e.key))
    return [
        *(entry.frame.model_copy(update={"role": "worst"}) for entry in worst),
        *(entry.frame.model_copy(update={"role": "typical"}) for entry in drawn[:size]),
        *(entry.frame for entry in drawn[size:]),
    ]


def _chosen(kept: Sequence[Kept], size: int) -> set[str]:
    worst = sorted(kept, key=lambda entry: entry.badness)[:size]
    # A worst frame may yet be pushed out by a worse one: it has to hold its lot until then.
    drawn = sorted(kept, key=lambda entry: entry.lot)[: _CANDIDATES + size]
    return {entry.key for entry in (*worst, *drawn)}


def _write(folder: Path, kept: Kept, sample: Sample) -> dict[str, str]:
    (folder / PICTURES).mkdir(parents=True, exist_ok=True)
    stem = f"{PICTURES}/{kept.frame.stream}_{kept.lot[:16]}"
    if isinstance(sample, CloudSample):
        return _write_cloud(folder, stem, sample)
    return _write_image(folder, stem, sample)


def _small(sample: Sample) -> Sample:
    """What is shown of a sample: images in the pictures' size, the points that are drawn."""
    if isinstance(sample, CloudSample):
        return _fewer_points(sample)
    height, width = sample.truth.shape
    scale = min(1.0, _WIDTH / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    picture = sample.picture()
    small = None if picture is None else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return replace(
        sample,
        truth=_nearest(sample.truth, size),
        predicted=_nearest(sample.predicted, size),
        confidence=None,
        picture=lambda: None if small is None else np.asarray(small, np.uint8),
    )


def _fewer_points(sample: CloudSample) -> CloudSample:
    finite = np.flatnonzero(np.isfinite(sample.xyz).all(axis=1))
    chosen = finite[:: max(1, -(-len(finite) // _POINTS))]
    return replace(
        sample,
        truth=sample.truth[chosen],
        predicted=sample.predicted[chosen],
        confidence=None,
        xyz=sample.xyz[chosen],
        visible=None,
    )


def _write_image(folder: Path, stem: str, sample: ImageSample) -> dict[str, str]:
    files = {"truth": f"{stem}_truth.png", "predicted": f"{stem}_predicted.png"}
    for what, labels in (("truth", sample.truth), ("predicted", sample.predicted)):
        write_image(folder / files[what], labels, EvaluationError)
    picture = sample.picture()
    if picture is not None:
        files = {"image": f"{stem}_image.jpg", **files}
        bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        write_image(folder / files["image"], bgr, EvaluationError, _JPEG)
    return files


def _write_cloud(folder: Path, stem: str, sample: CloudSample) -> dict[str, str]:
    file = f"{stem}_cloud.npz"
    content = io.BytesIO()
    np.savez_compressed(
        content,
        xyz=sample.xyz,
        truth=sample.truth.astype(np.uint16),
        predicted=sample.predicted.astype(np.uint16),
    )
    write_file(folder / file, content.getvalue(), EvaluationError)
    return {"cloud": file}


def _nearest(labels: NDArray[np.uint8] | NDArray[np.uint16], size: tuple[int, int]) -> Any:
    return cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST_EXACT)
