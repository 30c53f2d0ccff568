"""Single images of a camera to pixels, in full or as small as the network lets them be."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import Calibration
from seg_perception.geometry.calibration import expect_size, scale_calibration
from seg_perception.io.bit_depth import Pixels
from seg_perception.io.compressed import decode_rgb, reduction, sent_size
from seg_perception.io.images import decode_compressed_image, decode_image
from seg_perception.io.messages import byte_array

Size = tuple[int, int]


class StillDecoder(Protocol):
    """Makes pixels of messages, and lenses that fit them."""

    def decode(self, message: Any) -> Pixels:
        """RGB pixels, uint8 or uint16 (H, W, 3), of an Image or CompressedImage.

        Raises:
            ImageError: it can't be decoded.
        """
        ...

    def lens(
        self, calibration: Calibration | None, message: Any, image: NDArray[np.uint8], camera: str
    ) -> Calibration | None:
        """The lens of the pixels of a message.

        Args:
            calibration: of the images as they are sent.
            message: what the pixels come from; a packet of video is one, too.
            image: uint8 (H, W, 3), RGB.
            camera: its name, for error texts.

        Raises:
            SizeMismatchError: the message's image has another size than its calibration says.
            CalibrationError: the calibration is of no image at all.
        """
        ...


class FullDecoder:
    """All pixels that were sent."""

    def decode(self, message: Any) -> Pixels:
        """As `StillDecoder.decode`."""
        if hasattr(message, "encoding"):
            return decode_image(message)
        return decode_compressed_image(message)

    def lens(
        self, calibration: Calibration | None, message: Any, image: NDArray[np.uint8], camera: str
    ) -> Calibration | None:
        """The same: whoever uses both compares their sizes."""
        del message, image, camera
        return calibration


class ReducedDecoder:
    """JPEG at a half, a quarter or an eighth of its size, as long as it is no smaller than wanted.

    The decoder leaves the highest frequencies out, which shrinking would have to do, so that it
    takes less time and shows the network what it was trained on. Other images come in full.
    """

    def __init__(self, least: Size) -> None:
        """Take the network's width and height."""
        self._least = least
        self._full = FullDecoder()

    def decode(self, message: Any) -> Pixels:
        """As `StillDecoder.decode`."""
        if hasattr(message, "encoding"):
            return self._full.decode(message)
        return decode_rgb(byte_array(message.data), message.format, self._least)

    def lens(
        self, calibration: Calibration | None, message: Any, image: NDArray[np.uint8], camera: str
    ) -> Calibration | None:
        """Scaled as the pixels were; sizes are compared as they were sent."""
        if calibration is None or hasattr(message, "encoding"):
            return calibration
        sent = sent_size(byte_array(message.data))
        height, width = image.shape[:2]
        if sent is None or reduction(sent, self._least) == 1:
            return calibration
        expect_size(calibration, sent, camera)
        return scale_calibration(calibration, width, height)


def make_decoder(least: Size | None) -> StillDecoder:
    """What decodes images of which the network sees so many pixels; None: all are wanted."""
    return FullDecoder() if least is None else ReducedDecoder(least)
