"""A teacher's labels in a teaching's folder, at the size of the student's network."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import TeachingError
from seg_perception.io.image_files import decode_file, write_image
from seg_perception.teaching.frames import FrameStore, TeachingFrame
from seg_perception.teaching.teacher_labels import NO_LABEL, Labels, Teacher

FOLDER = "teacher"


@dataclass(frozen=True)
class TeacherSettings:
    """What a teaching remembers of its teacher.

    Attributes:
        source: as it was named.
        sha256: of all its labels.
        frames: how many of the frames it labelled.
    """

    source: str
    sha256: str
    frames: int

    def to_json(self) -> dict[str, Any]:
        """For `session.json`."""
        return asdict(self)


class TeacherWriter:
    """Asks a teacher about each frame of a teaching, and keeps what it says."""

    def __init__(self, folder: Path, source: str, teacher: Teacher, store: FrameStore) -> None:
        """Take the teaching's folder, the teacher and how it was named."""
        self._folder, self._source, self._teacher, self._store = folder, source, teacher, store
        self._hash = sha256()
        self._count = 0

    def add(self, frame: TeachingFrame, image: NDArray[np.uint8]) -> None:
        """Label a frame, uint8 (H, W, 3) RGB.

        Raises:
            TeachingError: the disk refuses it.
        """
        labels = self._teacher.labels(frame.name, image)
        if labels is None:
            return
        cells = self._store.cells(frame, labels)
        self._hash.update(frame.name.encode() + cells.tobytes())
        self._count += 1
        self._folder.joinpath(FOLDER).mkdir(exist_ok=True)
        write_image(_path(self._folder, frame.name), cells, TeachingError)

    def finish(self) -> TeacherSettings:
        """What is to be remembered.

        Raises:
            TeachingError: it knew none of the frames.
        """
        if not self._count:
            msg = (
                f"teacher {self._source}: it labels none of the frames; the images of a labelled "
                "folder are matched by their names, which are those that `mine` gives"
            )
            raise TeachingError(msg)
        return TeacherSettings(self._source, self._hash.hexdigest(), self._count)


def read_teacher(folder: Path, name: str, size: tuple[int, int]) -> Labels:
    """What the teacher says of a frame, uint8 (h, w); `NO_LABEL` all over where it said nothing.

    Args:
        folder: of the teaching.
        name: of the frame.
        size: width and height of the network.

    Raises:
        TeachingError: the file is damaged.
    """
    path = _path(folder, name)
    if not path.is_file():
        return np.full(size[::-1], NO_LABEL, np.uint8)
    found = decode_file(path, cv2.IMREAD_UNCHANGED)
    if found is None or found.shape != size[::-1] or found.dtype != np.uint8:
        msg = f"{path}: damaged; begin a new teaching with the same --teacher"
        raise TeachingError(msg)
    return np.asarray(found, np.uint8)


def _path(folder: Path, name: str) -> Path:
    return folder / FOLDER / f"{name}.png"
