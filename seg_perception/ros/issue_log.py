"""Warnings about single messages: each kind now and then, not for each message."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any

from seg_perception.core.errors import SegPerceptionError

PERIOD_S = 10.0


class Complaints:
    """Logs an error of a stream at most every ten seconds; may be used from several threads."""

    def __init__(self, logger: Any, period_s: float = PERIOD_S) -> None:
        """Log as warnings of `logger`."""
        self._logger = logger
        self._period_s = period_s
        self._lock = threading.Lock()
        self._last_s: dict[tuple[str, str], float] = {}
        self._silent: Counter[tuple[str, str]] = Counter()

    def add(self, stream: str, error: SegPerceptionError) -> None:
        """Tell it, unless the same was told lately."""
        key = (stream, error.reason)
        now_s = time.monotonic()
        with self._lock:
            if now_s - self._last_s.get(key, -self._period_s) < self._period_s:
                self._silent[key] += 1
                return
            self._last_s[key] = now_s
            silent = self._silent.pop(key, 0)
        more = f" ({silent} more since the last such warning)" if silent else ""
        text = f"{stream}: {error}{more}"
        self._logger.warning(text)
