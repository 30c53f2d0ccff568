"""A video of what was labelled: overlays of every camera, and the clouds from above beside them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.ontology import Ontology
from seg_perception.core.types import NANOSECONDS
from seg_perception.io.video_writer import VideoWriter
from seg_perception.outputs.birds_eye import BirdsEye
from seg_perception.outputs.pictures import PAPER, Labels, Rgb, overlay, plate
from seg_perception.outputs.video_clock import LONGEST_GAP_NS, VideoClock
from seg_perception.outputs.video_layout import VideoLayout

# Images of several cameras that are so near in time are one moment.
_ONE_MOMENT_NS = NANOSECONDS // 60
# Bounds memory where no stamp is ever newer.
_MOST_HELD = 64
_CLOUDS_KEPT = 16
_RANGE_M, _CEILING_M = 30.0, 2.0


@dataclass
class _Moment:
    """Tiles of about one time, waiting for the clouds of that time."""

    stamp_ns: int
    tiles: dict[str, Rgb] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _Cloud:
    """One cloud: float32 (N, 3), metre, x forward and z up; labels (N,)."""

    stamp_ns: int
    xyz: NDArray[np.float32]
    labels: Labels


@dataclass(frozen=True)
class VideoSummary:
    """What became of a video.

    Attributes:
        file: where it was written; empty where no image was labelled.
        pictures: how many.
        duration_s: time of the last one.
        cuts: gaps and jumps of the stamps that were cut to a second.
    """

    file: str
    pictures: int
    duration_s: float
    cuts: int


class LabelledVideo:
    """Draws moment by moment, in the order of stamps, each camera's newest image in its tile.

    A cloud is known later than the image of its time, so that pictures wait for it.
    """

    def __init__(
        self,
        writer: VideoWriter,
        ontology: Ontology,
        cameras: Sequence[str],
        alpha: float,
        wait_s: float = 0.0,
        *,
        with_clouds: bool = False,
    ) -> None:
        """Start without any picture.

        Args:
            writer: takes the pictures; who opened it finishes it.
            ontology: of the labels, in the colours to draw.
            cameras: names of those that will come, in the order of their tiles.
            alpha: weight of the colours, 0 to 1.
            wait_s: how much later than an image of its time a cloud comes.
            with_clouds: whether clouds will come.
        """
        self._writer, self._ontology, self._alpha = writer, ontology, alpha
        self._cameras, self._with_clouds = tuple(cameras), with_clouds
        self._wait_ns = round(wait_s * NANOSECONDS)
        self._layout: VideoLayout | None = None
        self._clock = VideoClock()
        self._held: deque[_Moment] = deque()
        self._newest_ns = 0
        self._shown: dict[str, Rgb] = {}
        self._clouds: dict[str, deque[_Cloud]] = {}
        self._first_ns: int | None = None

    def add_image(self, camera: str, stamp_ns: int, image: Rgb, labels: Labels) -> None:
        """Take a labelled image.

        Args:
            camera: one of those named.
            stamp_ns: its time.
            image: uint8 (H, W, 3), RGB.
            labels: uint8 or uint16 (h, w).
        """
        if self._held and abs(stamp_ns - self._newest_ns) > LONGEST_GAP_NS:
            self._show_all()
        if self._layout is None:
            size = (image.shape[1], image.shape[0])
            self._layout = VideoLayout.of(self._cameras, size, with_clouds=self._with_clouds)
        tile = _tile(image, labels, self._layout.tile, self._ontology, self._alpha)
        self._moment(camera, stamp_ns).tiles[camera] = tile
        self._newest_ns = max(self._newest_ns, stamp_ns) if self._held else stamp_ns
        due_ns = self._newest_ns - self._wait_ns - (len(self._cameras) > 1) * _ONE_MOMENT_NS
        while self._held and (self._held[0].stamp_ns <= due_ns or len(self._held) > _MOST_HELD):
            self._show(self._held.popleft())

    def add_cloud(
        self, sensor: str, stamp_ns: int, xyz: NDArray[np.float32], labels: Labels
    ) -> None:
        """Take a labelled cloud.

        Args:
            sensor: its name.
            stamp_ns: its time.
            xyz: float32 (N, 3), metre, a frame with x forward and z up; may hold NaN.
            labels: uint8 or uint16 (N,).
        """
        near = (np.abs(xyz[:, :2]) < _RANGE_M).all(axis=1) & (xyz[:, 2] < _CEILING_M)
        recent = self._clouds.setdefault(sensor, deque(maxlen=_CLOUDS_KEPT))
        recent.append(_Cloud(stamp_ns, xyz[near], labels[near]))

    def finish(self, file: str) -> VideoSummary:
        """Draw what waits; the writer is not closed."""
        self._show_all()
        count = self._writer.count
        end_s = self._clock.end_ns / NANOSECONDS
        return VideoSummary(file if count else "", count, end_s, self._clock.cuts)

    def _moment(self, camera: str, stamp_ns: int) -> _Moment:
        """The moment of a stamp, in its place in the order of time."""
        for moment in reversed(self._held):
            near = abs(moment.stamp_ns - stamp_ns) < _ONE_MOMENT_NS
            if near and camera not in moment.tiles:
                return moment
        place = len(self._held)
        while place and self._held[place - 1].stamp_ns > stamp_ns:
            place -= 1
        found = _Moment(stamp_ns)
        self._held.insert(place, found)
        return found

    def _show_all(self) -> None:
        while self._held:
            self._show(self._held.popleft())

    def _show(self, moment: _Moment) -> None:
        self._shown.update(moment.tiles)
        time_ns = self._clock.time_ns(moment.stamp_ns)
        if time_ns is None or self._layout is None:
            return
        if self._first_ns is None:
            self._first_ns = moment.stamp_ns
        tiles = {name: self._named(name, tile) for name, tile in self._shown.items()}
        after_s = (moment.stamp_ns - self._first_ns) / NANOSECONDS
        _write_below(tiles, self._cameras, f"{after_s:.2f} s")
        square = self._from_above(moment.stamp_ns) if self._with_clouds else None
        self._writer.add(self._layout.compose(tiles, square, self._ontology), time_ns)

    def _named(self, camera: str, tile: Rgb) -> Rgb:
        copy: Rgb = tile.copy()
        if len(self._cameras) > 1:
            plate(copy, camera, (10, 20))
        return copy

    def _from_above(self, stamp_ns: int) -> Rgb:
        """Of every sensor the cloud that is nearest in time."""
        nearest = [
            min(recent, key=lambda cloud: abs(cloud.stamp_ns - stamp_ns))
            for recent in self._clouds.values()
        ]
        xyz = np.concatenate([np.empty((0, 3), np.float32), *(c.xyz for c in nearest)])
        labels = np.concatenate([np.empty(0, np.uint8), *(c.labels for c in nearest)])
        edge = self._layout.square_px if self._layout else 0
        view = BirdsEye(_RANGE_M, edge, point_px=3, ceiling_m=_CEILING_M, with_legend=False)
        return view.draw(xyz, labels, self._ontology)


def _tile(
    image: Rgb, labels: Labels, tile: tuple[int, int], ontology: Ontology, alpha: float
) -> Rgb:
    """The overlay at a tile's size; an image of another shape stands in its middle."""
    width, height = tile
    scale = min(width / image.shape[1], height / image.shape[0])
    size = (
        min(width, round(image.shape[1] * scale)),
        min(height, round(image.shape[0] * scale)),
    )
    resized: Any = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST_EXACT)
    mixed = overlay(image, resized, ontology, alpha)
    if size == tile:
        return mixed
    canvas = np.full((height, width, 3), PAPER, np.uint8)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    canvas[top : top + size[1], left : left + size[0]] = mixed
    return canvas


def _write_below(tiles: Mapping[str, Rgb], cameras: Sequence[str], words: str) -> None:
    """Write a line into the lower corner of the first tile that there is."""
    first = next((tiles[name] for name in cameras if name in tiles), None)
    if first is not None:
        plate(first, words, (10, first.shape[0] - 10))
