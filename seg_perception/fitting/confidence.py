"""Makes a bundle's confidence the share of right labels, class by class."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.draft_folder import expect_new
from seg_perception.core.errors import BundleError, DatasetError
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.folder import LabelledImage
from seg_perception.evaluation.calibration import calibration, risk_coverage_area
from seg_perception.evaluation.confusion import Counts
from seg_perception.fitting.engines import Tell, preprocessing_of, reference_engine, tell_nobody
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.bundle_writer import derive_bundle
from seg_perception.inference.calibrated_confidence import (
    LEVELS,
    calibrated,
    confidence_shares,
    confidence_table,
    level_odds,
)
from seg_perception.inference.manifest import ClassConfidence, ConfidenceCalibration
from seg_perception.io.image_files import encode_image

_FEWEST = 8
_PICTURES_OF_ALL = 80
_LEAST_SLOPE = 1e-3
_STEPS, _SETTLED = 50, 1e-6


class Labelled(Protocol):
    """Pictures with their true labels, by number."""

    def __len__(self) -> int:
        """Count them."""
        ...

    def __getitem__(self, index: int) -> LabelledImage:
        """Read one; targets below the number of classes are single classes."""
        ...


@dataclass
class ClassLevels:
    """Right and wrong labels by the class that they name and their confidence.

    Attributes:
        counts: int64 (classes, 256, 2), wrong and right.
        pictures: int64 (classes,), in how many pictures a class was found.
    """

    classes: int
    counts: Counts = field(init=False)
    pictures: Counts = field(init=False)

    def __post_init__(self) -> None:
        """Start with nothing."""
        self.counts = np.zeros((self.classes, LEVELS, 2), np.int64)
        self.pictures = np.zeros(self.classes, np.int64)

    def add(
        self, labels: NDArray[Any], confidence: NDArray[np.uint8], targets: NDArray[np.uint8]
    ) -> None:
        """Count a picture, all (H, W); where the truth may be several classes, nothing."""
        known = (targets < self.classes) & (labels < self.classes)
        found, right = labels[known].astype(np.int64), labels[known] == targets[known]
        place = (found * LEVELS + confidence[known]) * 2 + right
        counts = np.bincount(place, minlength=self.counts.size).reshape(self.counts.shape)
        self.counts += counts
        self.pictures += counts.any(axis=(1, 2))

    def __add__(self, other: ClassLevels) -> ClassLevels:
        """Both together."""
        both = ClassLevels(self.classes)
        both.counts, both.pictures = self.counts + other.counts, self.pictures + other.pictures
        return both


def calibrate_confidence(
    bundle: Bundle, output: Path, data: Sequence[Labelled], tell: Tell = tell_nobody
) -> Bundle:
    """Write a bundle whose confidence is the share of right labels in pictures like these.

    Args:
        bundle: any; a calibration that it has is replaced.
        output: the new bundle's folder; it must not exist.
        data: data sets that the model was not trained on, whose targets below the number of
            classes are the bundle's class ids.
        tell: told how many pictures are done, and of how many.

    Raises:
        BundleError: the folder is in use.
        DatasetError: too few pictures, or one can't be read.
    """
    expect_new(output, BundleError)
    if (count := sum(map(len, data))) < _FEWEST:
        msg = f"expected {_FEWEST} labelled pictures or more that were held out, got {count}"
        raise DatasetError(msg)
    halves = count_halves(without_calibration(bundle), data, tell)
    found = fit_classes(halves[0] + halves[1])
    before, after = _judge(halves)
    said = ConfidenceCalibration(
        classes=tuple(found),
        pictures=count,
        ece=(_ece(before), _ece(after)),
        aurc=(risk_coverage_area(before), risk_coverage_area(after)),
    )
    return derive_bundle(output, bundle, _golden(bundle, said), {"confidence": said})


def expect_classes(bundle: Bundle, ontology: Ontology) -> None:
    """Refuse truths of other classes than the bundle's.

    Raises:
        DatasetError: names the first difference.
    """
    own, others = bundle.ontology.names, ontology.names
    if own != others:
        differ = min(set(own.items()) ^ set(others.items()))
        msg = (
            f"expected pictures labelled with the classes of {bundle}, got ontology "
            f"{ontology.name}: id {differ[0]} ({differ[1]}) is in one of them alone"
        )
        raise DatasetError(msg)


def fit_classes(levels: ClassLevels) -> list[ClassConfidence]:
    """What each class's confidence becomes.

    Pixels of a picture are right or wrong together: so many pictures of all classes weigh as much
    as a class's own.
    """
    common = _fit(levels.counts.sum(axis=0).astype(float))
    shares = confidence_shares([common])[0]
    found = []
    for counts, pictures in zip(levels.counts, levels.pictures, strict=True):
        total = (1 + counts.sum(axis=1)) * _PICTURES_OF_ALL / max(int(pictures), 1)
        found.append(_fit(counts + np.stack([total * (1 - shares), total * shares], axis=1)))
    return found


def _fit(counts: NDArray[np.float64]) -> ClassConfidence:
    """Logistic regression (Platt) on the odds of each level, by Newton's steps.

    Args:
        counts: float64 (256, 2), wrong and right. One label more, half of it right, of a middling
            confidence keeps the answer finite.
    """
    odds, weights = level_odds(), counts.copy()
    weights[LEVELS // 2] += 0.5
    terms = np.stack([odds, np.ones_like(odds)], axis=1)
    total, found = weights.sum(axis=1), np.array([1.0, 0.0])
    for _ in range(_STEPS):
        share = 1 / (1 + np.exp(-np.clip(terms @ found, -30, 30)))
        slope = terms.T @ (weights[:, 1] - total * share)
        bend = (terms * (total * share * (1 - share))[:, None]).T @ terms + 1e-6 * np.eye(2)
        step = np.linalg.solve(bend, slope)
        found = found + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < _SETTLED:
            break
    return ClassConfidence(slope=max(float(found[0]), _LEAST_SLOPE), offset=float(found[1]))


def without_calibration(bundle: Bundle) -> Bundle:
    """The bundle with the network's own confidence."""
    manifest = bundle.manifest.model_copy(update={"confidence": None})
    return Bundle(manifest, bundle.folder, bundle.golden, bundle.familiarity)


def count_halves(
    bundle: Bundle, data: Sequence[Labelled], tell: Tell = tell_nobody
) -> tuple[ClassLevels, ClassLevels]:
    """Of the first and of the second half of each data set, so that neighbours stay together."""
    classes = bundle.manifest.class_count
    halves = ClassLevels(classes), ClassLevels(classes)
    total, done = sum(map(len, data)), 0
    preprocessing = preprocessing_of(bundle)
    with closing(reference_engine(bundle)) as engine:
        for images in data:
            for number in range(len(images)):
                image = images[number]
                answer = engine.infer(preprocessing.prepare(image.image))
                size = image.targets.shape[1], image.targets.shape[0]
                labels = preprocessing.restore(answer.labels, size, classes)
                confidence = preprocessing.restore(answer.confidence, size, 0)
                targets = _smaller(image.targets, labels.shape)
                halves[number >= len(images) // 2].add(labels, confidence, targets)
                done += 1
                tell(done, total)
    return halves


def _smaller(targets: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    resized = cv2.resize(targets, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(resized, np.uint8)


def _judge(halves: tuple[ClassLevels, ClassLevels]) -> tuple[Counts, Counts]:
    """Counts by level (256, 2) before and after, each half put right by what the other shows."""
    after = put_right(halves[0], halves[1]) + put_right(halves[1], halves[0])
    return (halves[0] + halves[1]).counts.sum(axis=0), after


def put_right(fitted: ClassLevels, asked: ClassLevels) -> Counts:
    """Counts by level, int64 (256, 2), of some pictures whose confidence others put right."""
    after = np.zeros((LEVELS, 2), np.int64)
    table = confidence_table(fit_classes(fitted))
    for row, counts in zip(table[:-1], asked.counts, strict=True):
        np.add.at(after, row, counts)
    return after


def _ece(counts: Counts) -> float:
    values = {metric.key: metric.value for metric in calibration(counts).metrics}
    return float(values["ece"] or 0.0)


def _golden(bundle: Bundle, found: ConfidenceCalibration) -> dict[str, bytes]:
    """The golden frames' confidence, as engines give it from now on."""
    table, files = confidence_table(found.classes), {}
    before = bundle.manifest.confidence
    for frame, names in zip(bundle.golden, bundle.manifest.golden, strict=True):
        if frame.confidence is None or names.confidence is None:
            continue
        own = frame.confidence if before is None else None
        if own is None:
            own = _own_confidence(bundle, frame.image)
        files[names.confidence] = encode_image(calibrated(frame.labels, own, table))
    return files


def _own_confidence(bundle: Bundle, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    with closing(reference_engine(without_calibration(bundle))) as engine:
        return engine.infer(picture).confidence
