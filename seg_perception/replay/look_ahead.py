"""What is fed soon, decoded and labelled ahead in threads: the same results, earlier.

Only what depends on nothing before it is done ahead: the pixels of single images, and what the
network says of them. Everything that has a memory waits for its turn in `Session.feed`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeGuard

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import SegmentationConfig
from seg_perception.config.input_topics import IMAGE_TYPES
from seg_perception.core.background_work import Workers, WorkerThreads
from seg_perception.core.errors import SegPerceptionError
from seg_perception.core.types import CameraFrame, LabelMap
from seg_perception.inference.engine import Engine
from seg_perception.inference.segmenter import Answer, PreparedFrame, Segmenter, expect_fitting
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bit_depth import Pixels
from seg_perception.io.messages import header_of, stamp_to_ns
from seg_perception.io.video_packets import is_video
from seg_perception.pipeline.rate_limiter import RateLimiter
from seg_perception.replay.decoding import make_frame

if TYPE_CHECKING:
    from seg_perception.replay.session import Session

_Ahead = Callable[[], Answer | None]
# The pixels of a message, and the network's picture where they can be labelled as they are.
_Decoded = tuple[Pixels | None, PreparedFrame | None]
_DECODE, _INFER = "decode ahead", "infer ahead"


class AheadSegmenter(Segmenter):
    """A segmenter whose network works in a thread of its own, on one image after the other."""

    def __init__(self, engine: Engine, config: SegmentationConfig) -> None:
        """Start idle; the caller closes engine and segmenter."""
        super().__init__(engine, config)
        self._thread = WorkerThreads("infer", 1)
        self._expected: tuple[Pixels, _Ahead] | None = None

    def start(self, infer: _Ahead) -> _Ahead:
        """Let the network's thread do something after what was started before."""
        return self._thread.start(infer)

    def expect(self, image: Pixels, answer: _Ahead) -> None:
        """Take note of the image that is asked for next, if any is, and who knows its labels."""
        self._expected = image, answer

    def segment(self, frame: CameraFrame) -> LabelMap:
        """As `Segmenter.segment`; the answer is known already for the image that was expected."""
        expect_fitting(frame)
        expected, self._expected = self._expected, None
        known = expected[1]() if expected is not None and expected[0] is frame.image else None
        if known is not None:
            return self.finish(frame, known)
        return self._thread.start(partial(super().segment, frame))()

    def close(self) -> None:
        """End the thread."""
        self._thread.close()


class LookAhead:
    """Prepares the messages of a session in the order in which they are read."""

    def __init__(self, session: Session, segmenter: AheadSegmenter, workers: Workers) -> None:
        """Take who is fed, what labels, and the threads that decode."""
        self._session, self._segmenter, self._workers = session, segmenter, workers
        # The session's own one is asked when a frame's turn comes.
        self._limiter = RateLimiter(session.perception.config)

    def prepare(self, message: BagMessage) -> Callable[[], object] | None:
        """Begin with a message; what comes back waits for its pixels."""
        camera = self._session.cameras.get(message.topic)
        stamp_ns = None if camera is None else _stamp_of_still(message)
        if camera is None or stamp_ns is None:
            self._session.decode_ahead(message)
            return None
        decoded = self._workers.start(partial(self._decode, camera, message))
        if self._limiter.refuses_image(camera, stamp_ns):
            return decoded
        labelled = self._segmenter.start(partial(self._infer, decoded))
        return partial(self._expect, decoded, labelled)

    def _decode(self, camera: str, message: BagMessage) -> _Decoded:
        with self._session.durations[_DECODE].measure():
            self._session.decode_ahead(message)
            (found,) = message.decoded
            pixels: Pixels | None = found.image
            if pixels is None or not _is_of_8_bits(pixels):
                return pixels, None
            # Its lens is looked at when its turn comes, and so is what is wrong with the frame.
            with suppress(SegPerceptionError):
                return pixels, self._segmenter.prepare(make_frame(camera, message, pixels, None))
            return pixels, None

    def _infer(self, decoded: Callable[[], _Decoded]) -> Answer | None:
        _, prepared = decoded()
        if prepared is None:
            return None
        with self._session.durations[_INFER].measure():
            return self._segmenter.infer(prepared)

    def _expect(self, decoded: Callable[[], _Decoded], labelled: _Ahead) -> None:
        pixels, prepared = decoded()
        if pixels is not None and prepared is not None:
            self._segmenter.expect(pixels, labelled)


def _stamp_of_still(message: BagMessage) -> int | None:
    """The stamp (ns) of a message that is an image by itself; None for any other."""
    if message.type not in IMAGE_TYPES:
        return None
    try:
        if is_video(message.message):
            return None
        return stamp_to_ns(header_of(message.message).stamp)
    except SegPerceptionError:
        return None


def _is_of_8_bits(pixels: Pixels) -> TypeGuard[NDArray[np.uint8]]:
    return pixels.dtype == np.uint8
