"""The confidence that belongs to a label image of another process: a topic behind the labels'."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import CameraConfig
from seg_perception.core.errors import ImageError
from seg_perception.io.images import decode_label_image
from seg_perception.io.messages import Image, stamp_to_ns
from seg_perception.outputs.topics import CameraTopics
from seg_perception.ros.conversions import message_class
from seg_perception.ros.inputs import input_qos
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.subscription import AdaptiveSubscription
from seg_perception.ros.workers import ReceivedMessage

# It is published next after the labels; between processes order is not promised.
PATIENCE_S = 0.05
_KEPT = 4


class ConfidenceInput:
    """Confidence images of one camera, found by their stamps; heard on the executor's thread."""

    def __init__(
        self, context: NodeContext, camera: CameraConfig, on_heard: Callable[[], None]
    ) -> None:
        """Subscribe; `on_heard` is called whenever one has come."""
        self._on_heard = on_heard
        self._lock = threading.Lock()
        self._kept: deque[tuple[int, Any]] = deque(maxlen=_KEPT)
        self._newest_ns = 0
        kind = message_class(Image.type_name)
        topic, qos = CameraTopics.of(camera).confidence, input_qos(context)
        self._subscription = AdaptiveSubscription(context.node, kind, topic, self._receive, qos)

    def adapt(self) -> None:
        """Follow what the publisher offers."""
        self._subscription.adapt()

    def close(self) -> None:
        """Unsubscribe."""
        self._subscription.close()

    def is_awaited(self, labels: ReceivedMessage) -> bool:
        """Whether labels should wait for theirs: somebody publishes it, and it will soon come."""
        if time.perf_counter() - labels.handle.opened_s >= PATIENCE_S:
            return False
        stamp_ns = stamp_to_ns(labels.message.header.stamp)
        with self._lock:
            is_here = any(known_ns == stamp_ns for known_ns, _ in self._kept)
            is_past = self._newest_ns > stamp_ns
        return not is_here and not is_past and self._subscription.publisher_count > 0

    def of(self, stamp_ns: int, known: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """The confidence of labels; certain, 255, where none came.

        Args:
            stamp_ns: of the labels.
            known: bool (h, w), pixels that have a label.

        Returns:
            uint8 (h, w).

        Raises:
            ImageError: it is damaged, or of another size than its labels.
        """
        with self._lock:
            found = [message for known_ns, message in self._kept if known_ns == stamp_ns]
        if not found:
            return certain(known)
        confidence = decode_label_image(found[0])
        if confidence.shape != known.shape or confidence.dtype != np.uint8:
            msg = (
                f"{self._subscription.topic}: expected the labels' {known.shape[1]}x"
                f"{known.shape[0]} mono8, got {confidence.shape[1]}x{confidence.shape[0]} "
                f"{found[0].encoding}; let one node publish both"
            )
            raise ImageError(msg)
        return np.where(known, confidence, np.uint8(0))

    def _receive(self, message: Any) -> None:
        stamp_ns = stamp_to_ns(message.header.stamp)
        with self._lock:
            self._kept.append((stamp_ns, message))
            self._newest_ns = stamp_ns
        self._on_heard()


def certain(known: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The confidence of labels of which nothing is known: 255 where there is one, (h, w)."""
    return np.where(known, np.uint8(255), np.uint8(0))
