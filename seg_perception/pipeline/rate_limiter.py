"""Which messages are worked on: those of enabled sensors, at the rate that was asked for."""

from __future__ import annotations

from seg_perception.config import Config
from seg_perception.core.drop_reasons import DISABLED, RATE_LIMITED
from seg_perception.core.message_accounting import stream
from seg_perception.core.types import NANOSECONDS


class RateLimiter:
    """Asked for every message of a sensor; `config` may be exchanged at any time.

    Attributes:
        config: which sensors are enabled, and how often they are looked at.
    """

    def __init__(self, config: Config) -> None:
        """Start with nothing taken."""
        self.config = config
        self._periods: dict[str, int] = {}

    def refuses_image(self, camera: str, stamp_ns: int) -> str:
        """Why an image is not worked on, as a ledger's reason; empty when it is."""
        chosen = self.config.cameras[camera]
        if refusal := self.refuses_packet(camera):
            return refusal
        return self._refuses_stamp(stream("camera", camera), stamp_ns, chosen.max_rate_hz)

    def refuses_packet(self, camera: str) -> str:
        """Why a packet of a video stream is not decoded; its rate is no reason: others need it."""
        return "" if self.config.cameras[camera].enabled else DISABLED

    def refuses_cloud(self, sensor: str, stamp_ns: int) -> str:
        """Why a cloud is not worked on, as a ledger's reason; empty when it is."""
        config = self.config
        kind, sensors = next(found for found in config.clouds_by_kind if sensor in found[1])
        if not sensors[sensor].enabled:
            return DISABLED
        return self._refuses_stamp(stream(kind, sensor), stamp_ns, sensors[sensor].max_rate_hz)

    def _refuses_stamp(self, name: str, stamp_ns: int, rate_hz: float) -> str:
        """Take the first message of each period.

        Periods begin at multiples of their length, for all sensors: of a camera and a lidar with
        one limit, images and clouds are taken that belong together.
        """
        if rate_hz == 0:
            return ""
        period = stamp_ns // round(NANOSECONDS / rate_hz)
        if self._periods.get(name) == period:
            return RATE_LIMITED
        self._periods[name] = period
        return ""
