"""What the pixels of each camera's images mean, as its images show or its configuration says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import CameraConfig
from seg_perception.core.errors import UnknownEncodingError
from seg_perception.core.issue_kinds.images import (
    BIT_DEPTH,
    BIT_DEPTH_EXCEEDED,
    PERHAPS_DEPTHS,
)
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.message_accounting import stream
from seg_perception.io.bit_depth import Pixels, find_bit_depth, to_8_bits

# How depths in millimetres come; some drivers send grey pictures so, too.
_OF_DEPTHS = "16UC1"


class CameraImages:
    """Makes 8 bits of 16, and refuses depths; images come in the order of their stream."""

    def __init__(self, cameras: Mapping[str, CameraConfig], issues: IssueLog) -> None:
        """Start before the first image.

        Args:
            cameras: by name.
            issues: told of what is decided.
        """
        self._cameras = cameras
        self._issues = issues
        self._largest: dict[str, int] = {}

    def rgb(self, camera: str, pixels: Pixels, message: Any) -> NDArray[np.uint8]:
        """The pixels of a message over the full range of 8 bits.

        Args:
            camera: its name.
            pixels: uint8 or uint16 (H, W, 3), RGB.
            message: what they come from; its encoding and frame are looked at.

        Returns:
            uint8 (H, W, 3), RGB: the same where they are.

        Raises:
            UnknownEncodingError: they are depths.
        """
        if encoding := getattr(message, "encoding", ""):
            self.refuse_depths(camera, encoding, message.header.frame_id)
        is_deep = pixels.dtype == np.uint16
        return to_8_bits(pixels, self.bits(camera, int(pixels.max())) if is_deep else 8)

    @property
    def largest(self) -> dict[str, int]:
        """By camera, the brightest value of its 16-bit images so far."""
        return dict(self._largest)

    def take_largest(self, largest: Mapping[str, int]) -> None:
        """Know what others have seen of the same cameras."""
        for camera, value in largest.items():
            self._largest[camera] = max(value, self._largest.get(camera, 0))

    def bits(self, camera: str, largest: int) -> int:
        """How many bits the 16-bit images of a camera hold, whose brightest pixel is that.

        As configured; else such that the brightest so far fits.
        """
        largest = max(largest, self._largest.get(camera, 0))
        self._largest[camera] = largest
        name, found = stream("camera", camera), find_bit_depth(largest)
        given = self._cameras[camera].bit_depth
        numbers = {"camera": camera, "found": found, "largest": largest}
        if given == 0:
            self._issues.hold(BIT_DEPTH, name, **numbers)
        elif largest >= 1 << given:
            self._issues.hold(BIT_DEPTH_EXCEEDED, name, bits=given, **numbers)
        return given or found

    def refuse_depths(self, camera: str, encoding: str, frame_id: str) -> None:
        """Look at how images are encoded; what may be depths or a grey picture is said.

        Raises:
            UnknownEncodingError: by encoding and names they are depths.
        """
        if encoding != _OF_DEPTHS:
            return
        topic = self._cameras[camera].image_topic
        if "depth" in f"{topic} {frame_id}".lower():
            msg = (
                f"{topic} in frame {frame_id!r} carries depths ({_OF_DEPTHS}), which show nothing "
                f"to label; set camera.{camera}.image_topic to the camera's pictures"
            )
            raise UnknownEncodingError(msg)
        self._issues.hold(PERHAPS_DEPTHS, stream("camera", camera), camera=camera)
