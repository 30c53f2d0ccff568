"""Writes pictures as an H.264 video that browsers play, by PyAV."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.atomic_write import draft_file
from seg_perception.core.disk_errors import unwritable
from seg_perception.core.errors import ConfigError, OutputError
from seg_perception.core.types import NANOSECONDS

SUFFIX = ".mp4"
PYAV_MISSING = "videos need PyAV, which brings FFmpeg along; pip install av"
_ENCODER = "libx264"
_TICKS_S = 90_000
# What players expect of a video whose pictures come when they come.
_NOMINAL_HZ = 30
# Without B-frames the first picture stands at 0; with two key frames a second seeking is quick.
_OPTIONS = {"preset": "veryfast", "crf": "23", "bf": "0", "g": "15"}
# BT.709, limited, as every player reads a video of this kind.
_BT709, _LIMITED = 1, 1


def check_video_file(path: Path) -> None:
    """Refuse what can't become a video, before anything is done for it.

    Raises:
        ConfigError: another ending, a file that is there, or no encoder.
    """
    if path.suffix.lower() != SUFFIX:
        msg = f"{path}: expected a name that ends in {SUFFIX}"
        raise ConfigError(msg)
    if path.exists():
        msg = f"{path} exists; remove it or name another file for the video"
        raise ConfigError(msg)
    try:
        from av.codec import Codec
    except ImportError as error:
        msg = f"{path}: {PYAV_MISSING}"
        raise ConfigError(msg) from error
    try:
        Codec(_ENCODER, "w")
    except ValueError as error:
        msg = (
            f"{path}: expected PyAV with the encoder {_ENCODER}, got one that was built without "
            "it; pip install --force-reinstall --only-binary av av"
        )
        raise ConfigError(msg) from error


@contextmanager
def video_writer(path: Path) -> Iterator[VideoWriter]:
    """A video that has its name when it is complete; without a picture there is none.

    Raises:
        ConfigError: as `check_video_file`.
        OutputError: the disk refuses it.
    """
    check_video_file(path)
    try:
        with draft_file(path, OutputError) as draft:
            writer = VideoWriter(draft, path)
            try:
                yield writer
            except BaseException:
                writer.abandon()
                raise
            writer.finish()
    except NoPicturesError:
        return


class VideoWriter:
    """One video under construction; all pictures have the size of the first.

    Attributes:
        count: pictures so far.
    """

    def __init__(self, draft: Path, path: Path) -> None:
        """Begin with an empty file that is there, and will be called as `path` says."""
        self.count = 0
        self._draft, self._path = draft, path
        self._container: Any = None
        self._stream: Any = None
        self._last_ticks = -1

    def add(self, picture: NDArray[np.uint8], time_ns: int) -> None:
        """Append a picture.

        Args:
            picture: uint8 (H, W, 3), RGB, of even height and width.
            time_ns: from the beginning of the video; later than the last one's.

        Raises:
            OutputError: the disk refuses it.
            ValueError: a size that is odd or not the first one's, or a time that is not later.
        """
        import av

        if self._container is None:
            with unwritable(self._path, OutputError):
                self._open(*picture.shape[1::-1])
        size = (self._stream.width, self._stream.height)
        ticks = round(time_ns * _TICKS_S / NANOSECONDS)
        if picture.shape[1::-1] != size or ticks <= self._last_ticks:
            msg = f"expected {size} after {self._last_ticks}, got {picture.shape} at {ticks}"
            raise ValueError(msg)
        rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame = rgb.reformat(
            format="yuv420p", dst_colorspace=_BT709, dst_color_range=_LIMITED, interpolation="AREA"
        )
        frame.pts, frame.time_base = ticks, Fraction(1, _TICKS_S)
        self._last_ticks = ticks
        self.count += 1
        self._mux(frame)

    def finish(self) -> None:
        """Write what the encoder holds, and the index in front of the pictures.

        Raises:
            OutputError: the disk refuses it.
            NoPicturesError: none came.
        """
        if self._container is None:
            raise NoPicturesError
        self._mux(None)
        with unwritable(self._path, OutputError):
            self._container.close()

    def abandon(self) -> None:
        """Close the file, whatever is in it."""
        import av

        if self._container is not None:
            try:
                self._container.close()
            except (av.FFmpegError, OSError):
                return  # the draft is removed; why it can't be written was told before

    def _open(self, width: int, height: int) -> None:
        import av

        movflags = {"movflags": "+faststart"}
        self._container = av.open(str(self._draft), "w", format="mp4", options=movflags)
        self._stream = self._container.add_stream(_ENCODER, rate=_NOMINAL_HZ, options=_OPTIONS)
        self._stream.width, self._stream.height = width, height
        self._stream.pix_fmt = "yuv420p"
        context = self._stream.codec_context
        context.time_base = Fraction(1, _TICKS_S)
        context.colorspace, context.color_range = _BT709, _LIMITED
        context.color_primaries = context.color_trc = _BT709

    def _mux(self, frame: Any) -> None:
        with unwritable(self._path, OutputError):
            for packet in self._stream.encode(frame):
                self._container.mux(packet)


class NoPicturesError(Exception):
    """A video is to end that has nothing in it."""
