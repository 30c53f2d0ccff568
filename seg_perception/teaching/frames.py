"""The frames of a teaching, on disk: pictures, where they come from, and which part they are of."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import TeachingError
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.preprocessing import Preprocessing, make_preprocessing
from seg_perception.io.image_files import decode_file
from seg_perception.outputs.pictures import encode_png
from seg_perception.teaching.clicks import Part

FOLDER = "frames"


@dataclass(frozen=True)
class TeachingFrame:
    """One frame.

    Attributes:
        name: of its file, without suffix.
        source: the bag or folder that it is of.
        camera: the camera's name; empty for image files.
        stamp_ns: of its exposure; a number in order for image files.
        part: `teach`, or `gate` where it is kept aside.
        reasons: why it was chosen.
        width, height: of its picture.
    """

    name: str
    source: str
    camera: str
    stamp_ns: int
    part: Part
    reasons: tuple[str, ...]
    width: int
    height: int

    def to_json(self) -> dict[str, Any]:
        """For `session.json`."""
        return asdict(self)

    @classmethod
    def of_json(cls, entry: dict[str, Any]) -> TeachingFrame:
        """As `to_json` wrote it."""
        return cls(**{**entry, "reasons": tuple(entry["reasons"])})


class FrameStore:
    """Pictures of frames in a folder, and the same at a network's size."""

    def __init__(self, folder: Path, bundle: Bundle) -> None:
        """Take the folder `frames` of a teaching, and whose network looks at them."""
        self._folder = folder
        size = (bundle.width, bundle.height)
        self._size = size
        self._seen: dict[tuple[int, int], NDArray[np.int64]] = {}
        self.preprocessing: Preprocessing = make_preprocessing(size, bundle.manifest.input.resize)

    def path(self, name: str) -> Path:
        """Of a frame's picture."""
        return self._folder / f"{name}.png"

    def add(self, name: str, image: NDArray[np.uint8]) -> None:
        """Write a picture, uint8 (H, W, 3) RGB.

        Raises:
            TeachingError: the disk refuses it.
        """
        write_file(self.path(name), encode_png(image), TeachingError)

    def image(self, name: str) -> NDArray[np.uint8]:
        """A picture, uint8 (H, W, 3) RGB.

        Raises:
            TeachingError: it is missing or damaged.
        """
        pixels = decode_file(self.path(name), cv2.IMREAD_COLOR)
        if pixels is None:
            msg = f"{self.path(name)}: missing or damaged; begin a new teaching from the bag"
            raise TeachingError(msg)
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)

    def picture(self, name: str) -> NDArray[np.uint8]:
        """What the network sees, uint8 (h, w, 3)."""
        return self.preprocessing.prepare(self.image(name))

    def cell(self, frame: TeachingFrame, x: int, y: int) -> tuple[int, int] | None:
        """Row and column in the network's picture of a pixel; None where it does not see it."""
        places = self._places(frame.width, frame.height)
        rows, columns = places.shape
        row = min(y * rows // frame.height, rows - 1)
        column = min(x * columns // frame.width, columns - 1)
        place = int(places[row, column])
        return None if place < 0 else divmod(place, self._size[0])

    def pixel(self, frame: TeachingFrame, row: int, column: int) -> tuple[int, int] | None:
        """The pixel in the middle of a cell of the network's picture; None in its padding."""
        places = self._places(frame.width, frame.height)
        found = np.flatnonzero(places.reshape(-1) == row * self._size[0] + column)
        if not found.size:
            return None
        rows, columns = places.shape
        at_row, at_column = divmod(int(found[0]), columns)
        x = int((at_column + 0.5) * frame.width / columns)
        y = int((at_row + 0.5) * frame.height / rows)
        return min(x, frame.width - 1), min(y, frame.height - 1)

    def cells(self, frame: TeachingFrame, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Labels of a whole picture as those of the network's, uint8 (h, w); 255 in its padding.

        Args:
            frame: whose they are.
            labels: uint8, of any size.
        """
        places = self._places(frame.width, frame.height)
        size = places.shape[1], places.shape[0]
        whole = np.asarray(cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST_EXACT))
        found = np.full(self._size[::-1], 255, np.uint8)
        seen = places >= 0
        found.reshape(-1)[places[seen]] = whole[seen]
        return found

    def _places(self, width: int, height: int) -> NDArray[np.int64]:
        """The number of the network's pixel for each of a whole image, scaled; -1 for none."""
        size = width, height
        if size not in self._seen:
            across, down = self._size
            numbers = np.arange(across * down, dtype=np.int64).reshape(down, across)
            self._seen[size] = self.preprocessing.restore(numbers, size, -1)
        return self._seen[size]
