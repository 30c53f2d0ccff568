"""The log is told each kind of fault once in a while, with the number that was kept back."""

import pytest

from seg_perception.core.errors import CloudError, ImageError
from seg_perception.ros.issue_log import Complaints

pytestmark = pytest.mark.ros


class Log:
    def __init__(self):
        self.lines = []

    def warning(self, text):
        self.lines.append(text)


def test_each_kind_is_told_once(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("seg_perception.ros.issue_log.time.monotonic", lambda: now[0])
    log = Log()
    complaints = Complaints(log, period_s=10.0)
    for _ in range(3):
        complaints.add("camera.front", ImageError("torn"))
    complaints.add("camera.rear", ImageError("torn"))
    complaints.add("lidar.top", CloudError("short"))
    assert log.lines == ["camera.front: torn", "camera.rear: torn", "lidar.top: short"]
    now[0] += 10.0
    complaints.add("camera.front", ImageError("torn again"))
    assert log.lines[-1] == "camera.front: torn again (2 more since the last such warning)"
