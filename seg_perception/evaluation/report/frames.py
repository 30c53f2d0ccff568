"""Frames of a run as pictures: image, truth, prediction, and where they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import ReportError
from seg_perception.core.ontology import Ontology
from seg_perception.evaluation.frame_score import FrameScore
from seg_perception.evaluation.report.agreement import OUTCOMES, Agreement, Outcome
from seg_perception.evaluation.results import Results
from seg_perception.io.image_files import decode_file
from seg_perception.outputs.birds_eye import BirdsEye
from seg_perception.outputs.pictures import Rgb, colorize, fit, overlay
from seg_perception.reports.embedded_images import EmbeddedImage, ImageEmbedder

# What is the same in all runs.
SHARED = ("image", "truth", "truth, from above")
_ALPHA = 0.55
_EDGE_PX = 480
_RANGES_M = (10.0, 20.0, 30.0, 50.0, 80.0, 120.0)
_SHOWN = 0.95


@dataclass(frozen=True)
class FrameView:
    """A frame and its pictures, by what they show; none where the page has no room left."""

    score: FrameScore
    pictures: tuple[tuple[str, EmbeddedImage], ...]


@dataclass
class FrameRenderer:
    """Draws the frames of a run that were kept with pictures.

    Attributes:
        folder: the run's.
        results: what it found.
        embedder: where the pictures go.
        shown: colours by class name, of classes in the pictures drawn so far.
    """

    folder: Path
    results: Results
    embedder: ImageEmbedder
    shown: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Prepare what tells right from wrong."""
        results = self.results
        self._agreement = Agreement(results.protocol, results.layout)

    def frame(self, score: FrameScore, run: str = "") -> FrameView:
        """The pictures of one frame; `run` is named where another run's stand beside them.

        Raises:
            ReportError: a picture that the results name is missing or damaged.
        """
        draw = self._cloud if "cloud" in score.files else self._image
        drawn = [(name, p) for name, p in draw(score) if p is not None]
        if run:
            drawn = [(n if n in SHARED else f"{run}: {n}", p) for n, p in drawn]
        return FrameView(score, tuple(drawn))

    def _image(self, score: FrameScore) -> Iterator[tuple[str, EmbeddedImage | None]]:
        truth, predicted = self._labels(score, "truth"), self._labels(score, "predicted")
        size = (truth.shape[1], truth.shape[0])
        predicted = np.asarray(cv2.resize(predicted, size, interpolation=cv2.INTER_NEAREST_EXACT))
        image = self._photo(score)
        embedder, name = self.embedder, score.name
        if image is not None:
            yield "image", embedder.photo(image, f"{name}: the camera's image")
        yield "truth", self._blend(image, truth, self.results.truth_ontology, f"{name}: truth")
        ontology = self.results.model.ontology
        yield "prediction", self._blend(image, predicted, ontology, f"{name}: prediction")
        outcomes = self._agreement.of(truth, predicted)
        alt = f"{name}: where prediction and truth differ"
        yield "difference", embedder.photo(difference(image, outcomes), alt)

    def _blend(
        self, image: Rgb | None, labels: NDArray[Any], ontology: Ontology, alt: str
    ) -> EmbeddedImage | None:
        self._note(labels, ontology)
        if image is None:
            return self.embedder.drawing(colorize(labels, ontology.palette), alt)
        size = (labels.shape[1], labels.shape[0])
        return self.embedder.photo(overlay(fit(image, *size), labels, ontology, _ALPHA), alt)

    def _cloud(self, score: FrameScore) -> Iterator[tuple[str, EmbeddedImage | None]]:
        xyz, truth, predicted = self._points(score)
        labelled = predicted < self.results.model.ontology.id_count
        range_m = _range_m(xyz[labelled] if labelled.any() else xyz)
        eye = BirdsEye(range_m=range_m, size_px=_EDGE_PX, point_px=2, with_legend=False)
        # Most points without a label lie where no camera looks: they stay pale.
        outcomes = self._agreement.of(truth, predicted)
        outcomes[outcomes > Outcome.WRONG] = OUTCOMES.unknown_id
        layers: Mapping[str, tuple[NDArray[Any], Ontology]] = {
            "truth, from above": (truth, self.results.truth_ontology),
            "prediction, from above": (predicted, self.results.model.ontology),
            "difference, from above": (outcomes, OUTCOMES),
        }
        for name, (labels, ontology) in layers.items():
            if ontology is not OUTCOMES:
                self._note(labels, ontology)
            labels = np.where(labels > ontology.unknown_id, ontology.unknown_id, labels)  # noqa: PLW2901
            picture = eye.draw(xyz, labels, ontology)
            yield name, self.embedder.drawing(picture, f"{score.name}: {name}")

    def _note(self, labels: NDArray[Any], ontology: Ontology) -> None:
        names = ontology.names
        found = sorted(set(np.unique(labels).tolist()) & set(names))
        colors = {c.name: c.color for c in ontology.classes}
        self.shown.update({names[n]: colors[names[n]] for n in found})

    def _photo(self, score: FrameScore) -> Rgb | None:
        if "image" not in score.files:
            return None
        bgr = _read(self.folder / score.files["image"], cv2.IMREAD_COLOR)
        return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)

    def _labels(self, score: FrameScore, what: str) -> NDArray[Any]:
        return _read(self.folder / score.files[what], cv2.IMREAD_UNCHANGED)

    def _points(self, score: FrameScore) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        path = self.folder / score.files["cloud"]
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return arrays["xyz"], arrays["truth"], arrays["predicted"]
        except (OSError, ValueError, KeyError) as error:
            msg = f"{path} can't be read ({error}): evaluate again"
            raise ReportError(msg) from error


def _range_m(xyz: NDArray[Any]) -> float:
    """How far to draw so that nearly all points are in the picture."""
    reach_m = float(np.quantile(np.abs(xyz[:, :2]), _SHOWN)) if len(xyz) else 0.0
    return next((r for r in _RANGES_M if r >= reach_m), _RANGES_M[-1])


def difference(image: Rgb | None, outcomes: NDArray[np.uint8]) -> Rgb:
    """Outcomes in colour over a pale picture; where a label is right the picture shows.

    Args:
        image: uint8 (H, W, 3), RGB, or None.
        outcomes: uint8 (h, w), ids of `OUTCOMES`.

    Returns:
        uint8 (h, w, 3).
    """
    height, width = outcomes.shape
    colors = colorize(outcomes, OUTCOMES.palette)
    if image is None:
        return colors
    grey = cv2.cvtColor(fit(image, width, height), cv2.COLOR_RGB2GRAY)
    pale = np.repeat(110 + (grey // 2)[..., None], 3, axis=2).astype(np.uint8)
    strong: Any = cv2.addWeighted(colors, 0.8, pale, 0.2, 0)
    return np.where((outcomes == 0)[..., None], pale, strong)


def _read(path: Path, flags: int) -> NDArray[Any]:
    array = decode_file(path, flags)
    if array is None:
        msg = f"{path} is missing or can't be decoded: evaluate again"
        raise ReportError(msg)
    return np.asarray(array)
