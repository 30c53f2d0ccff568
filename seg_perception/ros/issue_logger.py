"""Issues into the node's log: each kind of a stream now and then, not for each message."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any

from seg_perception.core.issue_log import Issue

PERIOD_S = 10.0


class IssueLogger:
    """Logs what happens at most every ten seconds a kind; may be used from several threads.

    States of the inputs stand in the diagnostics as long as they hold, not in the log; what was
    found out about an input is logged once.
    """

    def __init__(self, logger: Any, period_s: float = PERIOD_S) -> None:
        """Log with `logger`."""
        self._logger = logger
        self._period_s = period_s
        self._lock = threading.Lock()
        self._last_s: dict[tuple[str, str, str], float] = {}
        self._silent: Counter[tuple[str, str, str]] = Counter()

    def tell(self, issue: Issue) -> None:
        """Log an issue, unless the same was logged lately."""
        if issue.is_state:
            if issue.level == "note":
                self._logger.info(str(issue))
            return
        key = (issue.stream, issue.code, issue.about)
        now_s = time.monotonic()
        with self._lock:
            if now_s - self._last_s.get(key, -self._period_s) < self._period_s:
                self._silent[key] += 1
                return
            self._last_s[key] = now_s
            silent = self._silent.pop(key, 0)
        more = f" ({silent} more since the last such warning)" if silent else ""
        text = f"{issue.stream}: {issue.sentence}{more}"
        if issue.traceback:
            text = f"{text}\n{issue.traceback}"
            self._logger.error(text)
        else:
            self._logger.warning(text)
