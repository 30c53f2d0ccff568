"""What `label` takes: one image, a folder of them, or a video file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from seg_perception.core.disk_errors import expect_readable
from seg_perception.core.errors import ImageError
from seg_perception.core.types import NANOSECONDS
from seg_perception.io.photographs import SUFFIXES, Photograph, PhotographReader
from seg_perception.io.video_reader import VIDEO_SUFFIXES, VideoReader

# How long each photograph of a folder is shown in a video.
_SHOWN_NS = NANOSECONDS // 5
LEGEND = Path("legend")
"""Where the legend goes, beside the labels."""
_CONVERT = "; convert it to PNG or JPEG"
# Photographs that OpenCV does not read.
_FOREIGN = (".heic", ".heif", ".avif", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raw", ".gif")


@dataclass(frozen=True, eq=False)
class SourcePicture:
    """One picture to label.

    Attributes:
        place: where its results go below their folders, without an ending.
        time_ns: when it is shown in a video.
        photograph: its pixels.
    """

    place: Path
    time_ns: int
    photograph: Photograph


class PhotoSource(Protocol):
    """Where pictures come from.

    Attributes:
        count: how many are expected; 0 where that is not known.
    """

    count: int

    def pictures(self) -> Iterator[SourcePicture]:
        """Every picture, in order."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of those that were left out."""
        ...


class ImageSource:
    """Image files."""

    def __init__(self, files: dict[Path, Path], notes: tuple[str, ...] = ()) -> None:
        """Take files by where their results go, and what was left out."""
        self.count = len(files)
        self.notes = notes
        self._files = files

    def pictures(self) -> Iterator[SourcePicture]:
        """Every image.

        Raises:
            ImageError: one can't be decoded.
        """
        reader = PhotographReader()
        for number, (place, file) in enumerate(self._files.items()):
            yield SourcePicture(place, number * _SHOWN_NS, reader.read(file))


class VideoSource:
    """The pictures of a video file, numbered."""

    def __init__(self, path: Path, every: int) -> None:
        """Open it; each so-many-th picture is taken.

        Raises:
            ImageError: it can't be read; PyAV is missing.
        """
        self._reader, self._path, self._every = VideoReader(path), path, every
        self.count = -(-self._reader.count // every)

    @property
    def notes(self) -> tuple[str, ...]:
        """How much of it was damaged."""
        damaged = self._reader.damaged
        return (f"{self._path}: {damaged} packets are damaged and left out",) if damaged else ()

    def pictures(self) -> Iterator[SourcePicture]:
        """Every picture.

        Raises:
            ImageError: none can be decoded.
        """
        picture = None
        for picture in self._reader.pictures(self._every):
            place = Path(self._path.stem, f"{picture.number:06d}")
            yield SourcePicture(place, picture.time_ns, Photograph(picture.image))
        self._reader.close()
        if picture is None:
            msg = f"{self._path}: expected a video, got none of its pictures; replace it"
            raise ImageError(msg)


def open_source(path: Path, output: Path, every: int = 1) -> PhotoSource:
    """What a path holds.

    Args:
        path: of an image, a folder or a video.
        output: where results go; must be free.
        every: of a video each so-many-th picture is taken.

    Raises:
        ImageError: nothing there that can be labelled, or the output is in use, lies inside the
            folder, or two images would share a label file.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        msg = f"{output} exists; remove it or name another folder for the labels"
        raise ImageError(msg)
    if path.is_dir():
        return _of_folder(path, output)
    suffix = path.suffix.lower()
    if not path.exists():
        msg = f"{path}: expected an image, a folder or a video, got no such file; check the path"
        raise ImageError(msg)
    if suffix in VIDEO_SUFFIXES:
        return VideoSource(path, every)
    if suffix not in SUFFIXES:
        got = suffix or "no ending"
        msg = f"{path}: expected {_endings(SUFFIXES)} or a video, got {got}{_CONVERT}"
        raise ImageError(msg)
    return ImageSource({Path(path.stem): path})


def _of_folder(folder: Path, output: Path) -> ImageSource:
    if folder.resolve() in (output.resolve(), *output.resolve().parents):
        msg = f"{output} lies inside {folder}; name a folder elsewhere for the labels"
        raise ImageError(msg)
    expect_readable(folder, ImageError)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    images = [path for path in files if path.suffix.lower() in SUFFIXES]
    others = Counter(path.suffix.lower() for path in files)
    left_out = {s: n for s, n in others.items() if s in (*_FOREIGN, *VIDEO_SUFFIXES)}
    counted = ", ".join(f"{n} {suffix}" for suffix, n in sorted(left_out.items()))
    if not images:
        got = counted or "none"
        msg = f"{folder}: expected a folder with images ({_endings(SUFFIXES)}), got {got}{_CONVERT}"
        raise ImageError(msg)
    places: dict[Path, Path] = {}
    for image in images:
        place = image.relative_to(folder).with_suffix("")
        if place == LEGEND:
            msg = f"{image}: its labels would take the legend's place; rename it"
            raise ImageError(msg)
        if place in places:
            msg = f"{places[place]} and {image}: two images would share a label file; rename one"
            raise ImageError(msg)
        places[place] = image
    notes = (f"left out: {counted}; label videos one by one, convert photographs to JPEG",)
    return ImageSource(places, notes if counted else ())


def _endings(suffixes: tuple[str, ...]) -> str:
    return ", ".join(suffixes)
