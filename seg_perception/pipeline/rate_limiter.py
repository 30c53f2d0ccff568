"""Which messages are worked on: those of enabled sensors, at the rate that was asked for."""

from __future__ import annotations

from seg_perception.config import Config
from seg_perception.core.drop_reasons import DISABLED, RATE_LIMITED
from seg_perception.core.types import NANOSECONDS


class RateLimiter:
    """Asked for every message of a sensor; `config` may be exchanged at any time.

    Attributes:
        config: which sensors are enabled, and how often cameras are looked at.
    """

    def __init__(self, config: Config) -> None:
        """Start with nothing taken."""
        self.config = config
        self._due_ns: dict[str, int] = {}

    def refuses_image(self, camera: str, stamp_ns: int) -> str:
        """Why an image is not worked on, as a ledger's reason; empty when it is."""
        chosen = self.config.cameras[camera]
        if refusal := self.refuses_packet(camera):
            return refusal
        if chosen.max_rate_hz == 0:
            return ""
        return "" if self._is_due(camera, stamp_ns, chosen.max_rate_hz) else RATE_LIMITED

    def refuses_packet(self, camera: str) -> str:
        """Why a packet of a video stream is not decoded; its rate is no reason: others need it."""
        return "" if self.config.cameras[camera].enabled else DISABLED

    def refuses_cloud(self, sensor: str) -> str:
        """Why a cloud is not worked on, as a ledger's reason; empty when it is."""
        sensors = {**self.config.lidars, **self.config.radars}
        return "" if sensors[sensor].enabled else DISABLED

    def _is_due(self, camera: str, stamp_ns: int, rate_hz: float) -> bool:
        """Keep the mean rate: a frame that comes late does not delay the one after it.

        A stamp that lies far before the next due time comes from a clock that jumped.
        """
        period_ns = round(NANOSECONDS / rate_hz)
        due_ns = self._due_ns.get(camera, stamp_ns)
        if due_ns - 2 * period_ns < stamp_ns < due_ns:
            return False
        is_late = not due_ns <= stamp_ns < due_ns + period_ns
        self._due_ns[camera] = (stamp_ns if is_late else due_ns) + period_ns
        return True
