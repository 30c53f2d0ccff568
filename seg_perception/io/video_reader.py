"""Pictures of a video file, one after the other, by PyAV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import ImageError, NoVideoDecoderError
from seg_perception.core.types import NANOSECONDS
from seg_perception.io.compressed import MAX_PIXELS
from seg_perception.io.video_writer import PYAV_MISSING

VIDEO_SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts",
    ".wmv", ".mjpeg", ".h264", ".h265", ".hevc",
)  # fmt: skip
# Without times (a bare stream) pictures come as most cameras send them.
_NOMINAL_NS = NANOSECONDS // 30


@dataclass(frozen=True, eq=False)
class VideoPicture:
    """One picture.

    Attributes:
        number: from 0, in the order of time.
        time_ns: since the first one.
        image: uint8 (H, W, 3), RGB, as people see it.
    """

    number: int
    time_ns: int
    image: NDArray[np.uint8]


class VideoReader:
    """A video file; phones' turns are applied.

    Attributes:
        damaged: packets that gave no picture.
    """

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            NoVideoDecoderError: PyAV is missing.
            ImageError: it can't be read, or holds no video.
        """
        try:
            import av
        except ImportError as error:
            msg = f"{path}: {PYAV_MISSING}"
            raise NoVideoDecoderError(msg) from error
        self.damaged = 0
        self._is_sound = True
        self._path = path
        try:
            self._container = av.open(str(path))
        except (av.FFmpegError, OSError, ValueError) as error:
            msg = f"{path}: can't be read as a video ({_reason(error)}); replace it"
            raise ImageError(msg) from error
        if not self._container.streams.video:
            self._container.close()
            msg = f"{path}: expected a video, got a file without one; name another file"
            raise ImageError(msg)
        self._stream = self._container.streams.video[0]

    @property
    def count(self) -> int:
        """Pictures by the file's own account; 0 where it does not say."""
        return int(self._stream.frames)

    def pictures(self, every: int = 1) -> Iterator[VideoPicture]:
        """Each so-many-th picture; damaged packets are passed over and counted.

        Raises:
            ImageError: a picture of an absurd size.
        """
        first_ns: int | None = None
        for number, frame in enumerate(self._frames()):
            time_ns = (
                number * _NOMINAL_NS if frame.time is None else round(frame.time * NANOSECONDS)
            )
            first_ns = time_ns if first_ns is None else first_ns
            if number % every == 0:
                yield VideoPicture(number, time_ns - first_ns, self._upright(frame))

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def _frames(self) -> Iterator[Any]:
        self._stream.codec_context.options = {"err_detect": "explode"}
        packets = self._container.demux(self._stream)
        while (frames := self._decoded(packets)) is not None:
            for frame in frames:
                self._is_sound = self._is_sound or frame.key_frame
                if self._is_sound:
                    yield frame

    def _decoded(self, packets: Iterator[Any]) -> list[Any] | None:
        """The pictures of the next packet; None behind the last one."""
        import av

        try:
            frames: list[Any] = next(packets).decode()
        except (StopIteration, av.EOFError):
            return None
        except av.InvalidDataError:
            self.damaged += 1
            # What follows is made from what is missing, up to the next key frame.
            self._is_sound = False
            return []
        return frames

    def _upright(self, frame: Any) -> NDArray[np.uint8]:
        if frame.width * frame.height > MAX_PIXELS:
            msg = f"{self._path}: expected at most {MAX_PIXELS} pixels, got a larger picture"
            raise ImageError(msg)
        image = frame.to_ndarray(format="rgb24")
        quarters = round(getattr(frame, "rotation", 0) / 90)
        return np.ascontiguousarray(np.rot90(image, quarters), np.uint8)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", "") or str(error)
