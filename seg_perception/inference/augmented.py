"""Labels of an image from many views of it: for reference labels and evaluation, not on a robot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from seg_perception.core.types import CameraFrame, LabelMap
from seg_perception.geometry.calibration import scale_calibration
from seg_perception.inference.engine import Engine
from seg_perception.inference.preprocessing import make_preprocessing, pad
from seg_perception.inference.reading import LabelledPixels
from seg_perception.inference.resize_filters import resize
from seg_perception.inference.tiling import Window, tent, windows

# Rows whose votes are held at once: every class has a value a pixel.
_BAND = 128

Size = tuple[int, int]
Indices = NDArray[np.intp]


class ViewPlan(BaseModel):
    """Which views of an image are labelled.

    At scale 1 with `base: network` a bundle that stretches or fits images sees the whole
    image in one window, the same pixels as on the robot; one that crops them, in several.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    scales: tuple[float, ...] = Field(
        default=(1.0,), min_length=1, description="of the base; windows slide over what is larger"
    )
    flip: bool = Field(default=False, description="also from right to left")
    stride: float = Field(default=0.5, gt=0, le=1, description="share of a window's side")
    base: Literal["network", "image"] = Field(
        default="network", description="scale 1 is the network's size, or the image's own"
    )


@dataclass(frozen=True)
class _View:
    """What an engine says of one window of a scaled image, in the image's own direction."""

    size: Size
    window: Window
    labels: NDArray[Any]
    confidence: NDArray[np.uint8]


class AugmentedSegmenter:
    """Takes a `Segmenter`'s place where time does not matter.

    Each view votes for its labels, with its confidence and less towards a window's edges;
    the label with the most votes wins. Every pixel lies in a window of every scale.

    Attributes:
        engine: what labels an image of the network's size.
    """

    def __init__(self, engine: Engine, plan: ViewPlan) -> None:
        """Take an engine that was loaded; the caller closes it."""
        self.engine = engine
        self._plan = plan
        self._network = (engine.bundle.width, engine.bundle.height)
        across, down = (max(1, round(n * plan.stride)) for n in self._network)
        self._steps = (across, down)
        self._resize = engine.bundle.manifest.input.resize
        self._preprocessing = make_preprocessing(self._network, self._resize)
        self._classes = engine.bundle.manifest.class_count

    def segment(self, frame: CameraFrame) -> LabelMap:
        """Labels, confidence and calibration at the frame's own size.

        Raises:
            EngineError: the engine failed.
        """
        labels, confidence = self.label(frame.image)
        height, width = labels.shape
        calibration = frame.calibration and scale_calibration(frame.calibration, width, height)
        return LabelMap(
            frame.camera, labels, confidence, frame.stamp_ns, frame.frame_id, calibration
        )

    def label(self, image: NDArray[np.uint8]) -> LabelledPixels:
        """Label an image.

        Args:
            image: uint8 (H, W, 3) RGB of any size.

        Returns:
            Labels (H, W) of the engine's type, and confidence uint8 (H, W): the winner's
            share of all votes that there could be.

        Raises:
            EngineError: the engine failed.
        """
        views = list(self._views(image))
        size = (image.shape[1], image.shape[0])
        labels = np.empty(image.shape[:2], views[0].labels.dtype)
        confidence = np.empty(image.shape[:2], np.uint8)
        for top in range(0, size[1], _BAND):
            rows = np.arange(top, min(top + _BAND, size[1]))
            labels[rows], confidence[rows] = self._elect(views, rows, size)
        return labels, confidence

    def _views(self, image: NDArray[np.uint8]) -> Iterator[_View]:
        for size in self._sizes((image.shape[1], image.shape[0])):
            scaled = resize(image, size, self._resize.filter)
            picture, left, top = pad(scaled, self._network, self._resize)
            for window in windows((picture.shape[1], picture.shape[0]), self._network, self._steps):
                part, place = window.cut(picture), window.moved(-top, -left)
                yield _View(size, place, *self.engine.infer(part)[:2])
                if self._plan.flip:
                    mirrored = np.ascontiguousarray(part[:, ::-1])
                    labels, confidence = self.engine.infer(mirrored)[:2]
                    yield _View(size, place, labels[:, ::-1], confidence[:, ::-1])

    def _sizes(self, image: Size) -> list[Size]:
        """Sizes of the scaled image; none is smaller than the network's, but what is padded."""
        base = image if self._plan.base == "image" else self._preprocessing.scaled(image)
        least = (1, 1) if self._resize.mode == "fit" else self._network
        return [
            (max(least[0], round(base[0] * scale)), max(least[1], round(base[1] * scale)))
            for scale in self._plan.scales
        ]

    def _elect(self, views: list[_View], rows: Indices, size: Size) -> LabelledPixels:
        votes = np.zeros((self._classes, len(rows), size[0]), np.float32)
        total = np.zeros(votes.shape[1:], np.float32)
        weights = tent(self._network)
        for view in views:
            here, y = _inside(rows, size[1], view.size[1], view.window.top, view.window.height)
            there, x = _inside(
                np.arange(size[0]), size[0], view.size[0], view.window.left, view.window.width
            )
            if len(y) == 0:
                continue
            place, pixel = np.ix_(here, there), np.ix_(y, x)
            weight = weights[pixel]
            # A pixel has one label in one view: no index occurs twice.
            votes[view.labels[pixel], place[0], place[1]] += (
                weight * view.confidence[pixel] / np.float32(255)
            )
            total[place] += weight
        winner = votes.argmax(axis=0)
        share = np.take_along_axis(votes, winner[None], axis=0)[0] / total
        return winner.astype(views[0].labels.dtype), np.rint(share * 255).astype(np.uint8)


def _inside(
    places: Indices, length: int, scaled: int, first: int, count: int
) -> tuple[Indices, Indices]:
    """Which places of an axis lie in a window of the scaled axis, and where in it.

    Args:
        places: pixels of the axis, ascending.
        length: of the axis.
        scaled: its length after scaling.
        first, count: the window on the scaled axis.
    """
    nearest = np.minimum(((places + 0.5) * scaled / length).astype(np.intp), scaled - 1) - first
    chosen = np.flatnonzero((nearest >= 0) & (nearest < count))
    return chosen, nearest[chosen]
