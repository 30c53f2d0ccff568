"""From a network's output tensors to labels and confidence at the network's size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import EngineError
from seg_perception.core.types import label_dtype, unknown_id
from seg_perception.inference.calibrated_confidence import calibrated, confidence_table
from seg_perception.inference.manifest import (
    ConfidenceCalibration,
    Familiarity,
    LabelsConfidenceOutput,
    LabelsOutput,
    LogitsOutput,
    Manifest,
)
from seg_perception.inference.tensors import TensorSpec

Labels = NDArray[np.uint8] | NDArray[np.uint16]
LabelledPixels = tuple[Labels, NDArray[np.uint8]]
_Scores = NDArray[np.float32]
_INTEGERS = ("uint8", "uint16", "int32", "int64")


class Segmentation(NamedTuple):
    """What a network says of a picture.

    Attributes:
        labels: uint8 or uint16 (H, W), at the network's size.
        confidence: uint8 (H, W).
        statistics: float32 (C, rows, columns), means of the layer that tells the familiar in each
            cell of a coarse grid; None where the bundle has none.
    """

    labels: Labels
    confidence: NDArray[np.uint8]
    statistics: NDArray[np.float32] | None = None


class Reader(Protocol):
    """Reads the output tensors."""

    @property
    def specs(self) -> tuple[TensorSpec, ...]:
        """The tensors that `read` takes, in its order."""
        ...

    def read(self, tensors: Sequence[NDArray[Any]]) -> Segmentation:
        """Make labels uint8 or uint16 (H, W) and confidence uint8 (H, W).

        Raises:
            EngineError: another shape or type than promised, a class that the ontology
                does not have, or values that are not finite.
        """
        ...


class LabelsConfidenceReader:
    """The project's own form: the graph ends in labels and confidence."""

    def __init__(self, output: LabelsConfidenceOutput, manifest: Manifest) -> None:
        """Remember names and size."""
        shape = (1, manifest.input.height, manifest.input.width)
        self._class_count = manifest.class_count
        self._dtype = label_dtype(manifest.class_count)
        # TensorRT has no uint16.
        wide = ("int32",) if self._dtype == np.uint16 else ()
        self.specs = (
            TensorSpec(output.labels, shape, (self._dtype.name, *wide)),
            TensorSpec(output.confidence, shape, ("uint8",)),
        )

    def read(self, tensors: Sequence[NDArray[Any]]) -> Segmentation:
        """Take both as they are, without their batch: labels and confidence (H, W)."""
        _expect_all(self.specs, tensors)
        labels, confidence = tensors
        _expect_known(labels, self._class_count)
        return Segmentation(labels[0].astype(self._dtype, copy=False), confidence[0])


class LabelsReader:
    """Class ids alone, at any size."""

    def __init__(self, output: LabelsOutput, manifest: Manifest) -> None:
        """Remember name and size."""
        self.specs = (TensorSpec(output.name, None, _INTEGERS),)
        self._size = (manifest.input.width, manifest.input.height)
        self._class_count = manifest.class_count

    def read(self, tensors: Sequence[NDArray[Any]]) -> Segmentation:
        """Enlarge labels (h, w) by nearest neighbour to (H, W); uint8 confidence 255 throughout."""
        _expect_all(self.specs, tensors)
        labels = tensors[0].squeeze()
        if labels.ndim != 2:
            msg = (
                f"tensor {self.specs[0].name!r}: expected labels [1, h, w], "
                f"got {list(tensors[0].shape)}; set output.kind to logits if these are scores"
            )
            raise EngineError(msg)
        _expect_known(labels, self._class_count)
        small = labels.astype(label_dtype(self._class_count))
        resized = cv2.resize(small, self._size, interpolation=cv2.INTER_NEAREST_EXACT)
        certain = np.full(resized.shape, 255, np.uint8)
        return Segmentation(resized.astype(small.dtype, copy=False), certain)


class LogitsReader:
    """One map per class, at any size.

    The maps are enlarged one after the other (bilinear, half-pixel centres), so that
    memory does not grow with the number of classes.
    """

    def __init__(self, output: LogitsOutput, manifest: Manifest) -> None:
        """Remember name, size and activation."""
        classes = manifest.class_count
        shape = (1, classes, None, None) if output.layout == "NCHW" else (1, None, None, classes)
        self.specs = (TensorSpec(output.name, shape, ("float32", "float16")),)
        self._planes_last = output.layout == "NHWC"
        self._size = (manifest.input.width, manifest.input.height)
        self._dtype = label_dtype(classes)
        self._confidence = {
            "softmax": self._softmax,
            "sigmoid": self._sigmoid,
            "none": self._as_is,
        }[output.activation]

    def read(self, tensors: Sequence[NDArray[Any]]) -> Segmentation:
        """Enlarge maps (classes, h, w), arg-max, activation: labels and confidence (H, W)."""
        _expect_all(self.specs, tensors)
        maps = tensors[0][0].astype(np.float32, copy=False)
        planes = np.ascontiguousarray(maps.transpose(2, 0, 1)) if self._planes_last else maps
        labels, best = self._arg_max(planes)
        if not np.isfinite(best).all():
            msg = f"tensor {self.specs[0].name!r} is not finite; run the model in float32"
            raise EngineError(msg)
        sure = np.rint(255 * self._confidence(planes, best)).astype(np.uint8)
        return Segmentation(labels, sure)

    def _arg_max(self, planes: _Scores) -> tuple[Labels, _Scores]:
        best = self._enlarge(planes[0])
        labels: Labels = np.zeros(best.shape, self._dtype)
        for label, plane in enumerate(planes[1:], start=1):
            score = self._enlarge(plane)
            np.copyto(labels, label, where=score > best)
            # NaN wins here, and is seen by the caller.
            np.maximum(best, score, out=best)
        return labels, best

    def _enlarge(self, plane: _Scores) -> _Scores:
        if plane.shape == self._size[::-1]:
            return np.array(plane)
        enlarged = cv2.resize(plane, self._size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(enlarged, np.float32)

    def _softmax(self, planes: _Scores, best: _Scores) -> _Scores:
        total = np.zeros_like(best)
        for plane in planes:
            score = self._enlarge(plane)
            score -= best
            total += np.exp(score, out=score)
        return (1 / total).astype(np.float32, copy=False)

    def _sigmoid(self, _planes: _Scores, best: _Scores) -> _Scores:
        # exp of 88 and more overflows float32; both ends are 0 and 1 in a byte long before.
        return np.asarray(1 / (1 + np.exp(-best.clip(-80, 80))), np.float32)

    def _as_is(self, _planes: _Scores, best: _Scores) -> _Scores:
        return np.asarray(best.clip(0, 1))


class CalibratedReader:
    """Any of the others, whose confidence is put right class by class."""

    def __init__(self, reader: Reader, found: ConfidenceCalibration) -> None:
        """Work out what each level of each class becomes."""
        self._reader = reader
        self._table = confidence_table(found.classes)
        self.specs = reader.specs

    def read(self, tensors: Sequence[NDArray[Any]]) -> Segmentation:
        """Labels (H, W) as they are, and confidence (H, W) that means what it says."""
        answer = self._reader.read(tensors)
        return answer._replace(confidence=calibrated(answer.labels, answer.confidence, self._table))


class StatisticsReader:
    """Any of the others, and the statistics by which the familiar is told."""

    def __init__(self, reader: Reader, familiarity: Familiarity) -> None:
        """Ask for one more tensor than `reader` does."""
        self._reader = reader
        spec = TensorSpec(familiarity.output, (1, *familiarity.shape), ("float32",))
        self.specs = (*reader.specs, spec)

    def read(self, tensors: Sequence[NDArray[Any]]) -> Segmentation:
        """Labels and confidence (H, W), and statistics (C, rows, columns)."""
        *others, statistics = tensors
        self.specs[-1].expect_array(statistics)
        return self._reader.read(others)._replace(statistics=statistics[0])


def make_reader(manifest: Manifest) -> Reader:
    """Choose the reader of a manifest's outputs."""
    reader = _pixel_reader(manifest)
    if manifest.confidence is not None:
        reader = CalibratedReader(reader, manifest.confidence)
    if manifest.familiarity is None:
        return reader
    return StatisticsReader(reader, manifest.familiarity)


def _pixel_reader(manifest: Manifest) -> Reader:
    output = manifest.output
    if output.kind == "labels_confidence":
        return LabelsConfidenceReader(output, manifest)
    if output.kind == "labels":
        return LabelsReader(output, manifest)
    return LogitsReader(output, manifest)


def _expect_all(specs: Sequence[TensorSpec], tensors: Sequence[NDArray[Any]]) -> None:
    for spec, tensor in zip(specs, tensors, strict=True):
        spec.expect_array(tensor)


def _expect_known(labels: NDArray[Any], class_count: int) -> None:
    """Refuse ids that the ontology does not have; the unknown id may stand."""
    if labels.min() >= 0 and labels.max() < class_count:
        return
    known = (labels >= 0) & (labels < class_count)
    strange = labels[~known & (labels != unknown_id(class_count))]
    if strange.size:
        msg = (
            f"the model gave class id {strange[0]}, the ontology ends at {class_count - 1}; "
            "name all classes of the model in the manifest's ontology"
        )
        raise EngineError(msg)
