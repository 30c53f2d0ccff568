"""The log is told each kind of fault once in a while, with the number that was kept back."""

import pytest

from seg_perception.core.errors import CloudError, ImageError
from seg_perception.core.issue_kinds.places import CONVENTION_FOUND, OUT_OF_VIEW
from seg_perception.core.issue_log import IssueLog
from seg_perception.ros.issue_logger import IssueLogger

pytestmark = pytest.mark.ros


class Log:
    def __init__(self):
        self.lines = []

    def info(self, text):
        self.lines.append(f"info {text}")

    def warning(self, text):
        self.lines.append(f"warning {text}")

    def error(self, text):
        self.lines.append(f"error {text}")


def test_each_kind_is_told_once(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("seg_perception.ros.issue_logger.time.monotonic", lambda: now[0])
    log = Log()
    issues = IssueLog(IssueLogger(log, period_s=10.0).tell)
    for _ in range(3):
        issues.add_error("camera.front", ImageError("torn"))
    issues.add_error("camera.rear", ImageError("torn"))
    issues.add_error("lidar.top", CloudError("short"))
    assert log.lines == [
        "warning camera.front: torn",
        "warning camera.rear: torn",
        "warning lidar.top: short",
    ]
    now[0] += 10.0
    issues.add_error("camera.front", ImageError("torn again"))
    again = "warning camera.front: torn again (2 more since the last such warning)"
    assert log.lines[-1] == again


def test_a_fault_of_the_program_comes_with_its_traceback():
    log = Log()
    issues = IssueLog(IssueLogger(log).tell)
    try:
        int("seven")
    except ValueError as error:
        issues.add_unforeseen("lidar.top", error)
    (line,) = log.lines
    assert line.startswith("error lidar.top: a fault of this program: ValueError: invalid")
    assert 'int("seven")' in line


def test_states_stand_in_the_diagnostics_and_what_is_found_out_in_the_log():
    log = Log()
    issues = IssueLog(IssueLogger(log).tell)
    issues.hold(OUT_OF_VIEW, "lidar.top", share=0.001)
    for _ in range(2):
        issues.hold(CONVENTION_FOUND, "camera.front", frame="f", axes="a body frame", figures="9")
    (line,) = log.lines
    assert line.startswith("info camera.front: frame 'f' is taken for a body frame: 9")
