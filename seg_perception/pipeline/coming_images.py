"""Images that have come and whose label maps have not: whether to wait for them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

from seg_perception.core.message_accounting import MessageHandle


class ComingImages:
    """The images of each camera that are on their way; may be used from several threads.

    A message's handle says whether it still is: what is replaced, or fails, is not waited for.
    """

    def __init__(self, cameras: Iterable[str]) -> None:
        """Start with none."""
        self._lock = threading.Lock()
        self._images: dict[str, deque[tuple[int, MessageHandle]]] = {
            camera: deque() for camera in cameras
        }

    def add(self, camera: str, time_ns: int, handle: MessageHandle) -> None:
        """An image has come, of a corrected time."""
        with self._lock:
            self._forget_ended(camera)
            self._images[camera].append((time_ns, handle))

    def first_after(self, camera: str, time_ns: int) -> int | None:
        """The corrected time of the first image that is on its way and newer; None: there is none.

        Args:
            camera: whose.
            time_ns: what is asked for is newer.
        """
        with self._lock:
            self._forget_ended(camera)
            newer = (at_ns for at_ns, _ in self._images[camera] if at_ns > time_ns)
            return min(newer, default=None)

    def clear(self) -> None:
        """Forget all: the clock jumped."""
        with self._lock:
            for images in self._images.values():
                images.clear()

    def _forget_ended(self, camera: str) -> None:
        images = self._images[camera]
        under_way = [image for image in images if image[1].is_open]
        images.clear()
        images.extend(under_way)
