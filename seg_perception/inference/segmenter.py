"""From a camera's frame to its label map."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.config import SegmentationConfig
from seg_perception.core.picture_distance import PictureDistance
from seg_perception.core.picture_facts import PictureFacts
from seg_perception.core.types import CameraFrame, LabelMap
from seg_perception.geometry.calibration import expect_size, scale_calibration
from seg_perception.inference.engine import Engine
from seg_perception.inference.preprocessing import make_preprocessing
from seg_perception.inference.reading import LabelledPixels, Labels
from seg_perception.inference.turned_look import TurnedLooks

# The network's picture, uint8 (h, w, 3), RGB, or none.
Shown = NDArray[np.uint8] | None


class OutputSize(Protocol):
    """Brings labels and confidence to the size that is published."""

    def fit(
        self, labels: Labels, confidence: NDArray[np.uint8], image: NDArray[np.uint8]
    ) -> LabelledPixels:
        """Labels and confidence at the published size.

        Args:
            labels: uint8 or uint16 (h, w), at the network's size.
            confidence: uint8 (h, w).
            image: uint8 (H, W, 3), the frame's.
        """
        ...


class NetworkSize:
    """Publishes at the network's scale."""

    def fit(
        self, labels: Labels, confidence: NDArray[np.uint8], image: NDArray[np.uint8]
    ) -> LabelledPixels:
        """Leave (h, w) as they are."""
        del image
        return labels, confidence


class InputSize:
    """Publishes at the frame's size."""

    def fit(
        self, labels: Labels, confidence: NDArray[np.uint8], image: NDArray[np.uint8]
    ) -> LabelledPixels:
        """Enlarge (h, w) to (H, W) by nearest neighbour: labels can't be averaged."""
        return _nearest(labels, image), _nearest(confidence, image)


@dataclass(frozen=True, eq=False)
class PreparedFrame:
    """A frame and what the network is shown of it.

    Attributes:
        frame: as the camera took it.
        picture: uint8 (h, w, 3), RGB, at the network's size.
    """

    frame: CameraFrame
    picture: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Answer:
    """What the network says.

    Attributes:
        picture: uint8 (h, w, 3), RGB, that it was shown.
        labels: uint8 or uint16 (h, w).
        confidence: uint8 (h, w).
        statistics: as in `Segmentation`.
        turned: the same of the picture turned by 180 degrees, where that was asked, too.
    """

    picture: NDArray[np.uint8]
    labels: Labels
    confidence: NDArray[np.uint8]
    statistics: NDArray[np.float32] | None = None
    turned: NDArray[np.float32] | None = None


class Segmenter:
    """An engine and what happens around it.

    The three steps of `segment` may be taken by different threads, each frame by one at a time;
    those that ask the engine one after the other.

    Attributes:
        engine: what labels an image of the network's size.
    """

    def __init__(self, engine: Engine, config: SegmentationConfig) -> None:
        """Take an engine that was loaded; the caller closes it."""
        self.engine = engine
        self._preprocessing = make_preprocessing(
            (engine.bundle.width, engine.bundle.height), engine.bundle.manifest.input.resize
        )
        self._output: OutputSize = InputSize() if config.output_size == "input" else NetworkSize()
        self.set_min_confidence(config.min_confidence)
        self._scales = config.scale_by_familiarity
        self._is_reduced = config.decode == "reduced"
        self._unknown_id = engine.bundle.ontology.unknown_id
        self._turned = TurnedLooks()

    def set_min_confidence(self, min_confidence: float) -> None:
        """Take pixels below this confidence, 0 to 1, as unknown from now on."""
        self._threshold = math.ceil(255 * min_confidence)

    @property
    def least_size(self) -> tuple[int, int] | None:
        """Width and height below which images must not be decoded; None: all pixels are wanted."""
        bundle = self.engine.bundle
        return (bundle.width, bundle.height) if self._is_reduced else None

    def segment(self, frame: CameraFrame) -> LabelMap:
        """Segment one frame.

        The image is brought to the network's size as the bundle's manifest says. Pixels
        below `min_confidence` are unknown, and those that the network did not see.

        Returns:
            Labels and confidence of the whole image with the frame's stamp and frame_id,
            and its calibration scaled to the published size.

        Raises:
            SizeMismatchError: the image has another size than its calibration says.
            CalibrationError: the calibration is of no image at all.
            EngineError: the engine failed.
        """
        prepared = self.prepare(frame)
        return self.finish(frame, self.infer(prepared))

    def prepare(self, frame: CameraFrame) -> PreparedFrame:
        """The network's picture of a frame.

        Raises:
            SizeMismatchError, CalibrationError: as for `segment`.
        """
        expect_fitting(frame)
        return PreparedFrame(frame, self._preprocessing.prepare(frame.image))

    def infer(self, prepared: PreparedFrame) -> Answer:
        """What the network says of its picture.

        Raises:
            EngineError: the engine failed.
        """
        answer = Answer(prepared.picture, *self.engine.infer(prepared.picture))
        frame = prepared.frame
        if answer.statistics is None or not self._turned.is_due(frame.camera, frame.stamp_ns):
            return answer
        upside_down = np.ascontiguousarray(prepared.picture[::-1, ::-1])
        return replace(answer, turned=self.engine.infer(upside_down).statistics)

    def finish(self, frame: CameraFrame, answer: Answer) -> LabelMap:
        """The label map of a frame that was prepared; returns what `segment` does."""
        distance = self._distance(answer.statistics)
        turned = self._distance(answer.turned)
        labels, confidence = self._restored(frame.image, self._trusted(answer, distance))
        labels = self._doubt(labels, confidence)
        labels, confidence = self._output.fit(labels, confidence, frame.image)
        height, width = labels.shape
        calibration = frame.calibration and scale_calibration(frame.calibration, width, height)
        return LabelMap(
            camera=frame.camera,
            labels=labels,
            confidence=confidence,
            stamp_ns=frame.stamp_ns,
            frame_id=frame.frame_id,
            calibration=calibration,
            picture=self._shown(answer.picture, (height, width)),
            facts=PictureFacts.of(frame.image),
            distance=distance,
            turned=turned.whole if turned else None,
        )

    def _distance(self, statistics: NDArray[np.float32] | None) -> PictureDistance | None:
        """How far a picture is from the training's; None where the bundle can't tell."""
        known = self.engine.bundle.familiarity
        return known.distance(statistics) if known and statistics is not None else None

    def _trusted(self, answer: Answer, distance: PictureDistance | None) -> Answer:
        """The answer, less sure where the picture is far from the training's and that is wanted."""
        if distance is None or not self._scales or (trust := distance.trust()).min() == 1:
            return answer
        height, width = answer.confidence.shape
        shares = cv2.resize(trust, (width, height), interpolation=cv2.INTER_LINEAR)
        return replace(answer, confidence=(answer.confidence * shares).astype(np.uint8))

    def _restored(self, image: NDArray[np.uint8], answer: Answer) -> LabelledPixels:
        size = (image.shape[1], image.shape[0])
        return (
            self._preprocessing.restore(answer.labels, size, self._unknown_id),
            self._preprocessing.restore(answer.confidence, size, 0),
        )

    def _shown(self, picture: NDArray[np.uint8], shape: tuple[int, ...]) -> Shown:
        """The network's picture where each of its pixels is that of a label, else None."""
        is_same = self._preprocessing.shows_all and picture.shape[:2] == shape
        return picture if is_same else None

    def _doubt(self, labels: Labels, confidence: NDArray[np.uint8]) -> Labels:
        if self._threshold == 0:
            return labels
        unknown = labels.dtype.type(self._unknown_id)
        return np.where(confidence < self._threshold, unknown, labels)


def _nearest(values: NDArray[Any], image: NDArray[np.uint8]) -> NDArray[Any]:
    size = (image.shape[1], image.shape[0])
    resized = cv2.resize(values, size, interpolation=cv2.INTER_NEAREST_EXACT)
    return resized.astype(values.dtype, copy=False)


def expect_fitting(frame: CameraFrame) -> None:
    """Refuse an image of another size than its calibration says, where it has one.

    Raises:
        SizeMismatchError: with the likely cause.
        CalibrationError: the calibration is of no image at all.
    """
    if frame.calibration is not None:
        height, width = frame.image.shape[:2]
        expect_size(frame.calibration, (width, height), frame.camera)
