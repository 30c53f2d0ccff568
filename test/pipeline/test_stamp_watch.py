"""A clock that jumps takes all streams with it; a stream that is astray is named and costs none."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from seg_perception.core.issue_log import IssueLog
from seg_perception.pipeline.stamp_watch import StampWatch

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
SENSORS = ("camera.front", "lidar.top", "tf base")


class Watched:
    """A watch, how often it was told to forget, and what was inserted since."""

    def __init__(self) -> None:
        self.issues = IssueLog()
        self.inserted: list[str] = []
        self.watch = StampWatch(self.issues, self.inserted.clear, lambda: START)

    def see(self, stream: str, at_s: float) -> None:
        insert: Callable[[], None] = partial(self.inserted.append, f"{stream} {at_s:g}")
        self.watch.observe(stream, START + round(at_s * SECOND), insert)

    def drive(self, start_s: float, end_s: float, *streams: str) -> None:
        """Ten stamps a second of each stream."""
        for tenth in range(round(start_s * 10), round(end_s * 10)):
            for stream in streams:
                self.see(stream, tenth / 10)

    def said(self, code: str) -> list[str]:
        return [str(issue) for issue in self.issues.all() if issue.code == code]


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.mark.parametrize("order", [SENSORS, SENSORS[::-1]])
def test_a_recording_that_loops_is_one_jump_a_round(
    watched: Watched, order: tuple[str, ...]
) -> None:
    for _ in range(3):
        watched.drive(0, 5, *order)
    assert watched.watch.jumps == 2
    # The first stamp of the second stream confirms: 4.9 s back.
    (said,) = watched.said("clock_jump")
    assert said.startswith(f"{order[1]}: jumped back by 4.9 s")
    assert len(watched.issues.all()) == 1


def test_a_short_recording_that_loops_is_a_jump_although_its_sensors_go_back_by_little(
    watched: Watched,
) -> None:
    # /tf begins before the sensors, which go back by 0.7 s only.
    for _ in range(2):
        watched.drive(-0.5, 0, "tf base")
        watched.drive(0, 0.8, *SENSORS)
    assert watched.watch.jumps == 1
    assert watched.said("stamps_astray") == []


def test_what_came_first_of_a_new_time_is_not_forgotten(watched: Watched) -> None:
    watched.drive(0, 5, *SENSORS)
    watched.see("tf base", 1.0)
    watched.see("camera.front", 1.0)
    assert watched.inserted == ["tf base 1", "camera.front 1"]


def test_stamps_that_come_late_from_before_a_jump_change_nothing(watched: Watched) -> None:
    watched.drive(0, 5, *SENSORS)
    watched.see("tf base", 0.0)
    watched.see("lidar.top", 5.0)
    assert watched.watch.jumps == 0
    watched.see("camera.front", 0.0)
    assert watched.watch.jumps == 1, "two went back, one went on"
    watched.see("lidar.top", 5.1)
    watched.drive(0.1, 5, *SENSORS)
    assert watched.watch.jumps == 1
    assert watched.said("stamps_astray") == []


def test_two_localisers_of_one_frame_are_named_and_no_jump(watched: Watched) -> None:
    for tenth in range(120):
        watched.drive(tenth / 10, (tenth + 1) / 10, *SENSORS, "tf odom")
        if tenth > 20:
            watched.see("tf base", tenth / 10 - 1.5)
    assert watched.watch.jumps == 0
    (said,) = watched.said("stamps_astray")
    # 99 late ones; the last has none after it that goes on.
    assert said == (
        "tf base: its stamps go back by 1.5 s while those of other streams go on; end one of the "
        "two publishers of frame 'base': `ros2 topic info -v /tf` names them (98 times)"
    )


def test_a_late_localiser_of_two_frames_is_one_source(watched: Watched) -> None:
    watched.drive(0, 5, *SENSORS, "tf odom")
    watched.see("tf odom", 3.0)
    watched.see("tf base", 3.0)
    watched.drive(5, 6, *SENSORS, "tf odom")
    assert watched.watch.jumps == 0
    assert len(watched.said("stamps_astray")) == 2


def test_every_fifth_stamp_zero_costs_no_other_stream(watched: Watched) -> None:
    for tenth in range(50):
        watched.drive(tenth / 10, (tenth + 1) / 10, "camera.front", "tf base")
        if tenth % 5:
            watched.see("lidar.top", tenth / 10)
        else:
            watched.watch.observe("lidar.top", 0)
    assert watched.watch.jumps == 0
    (said,) = watched.said("stamps_zero")
    assert said.startswith("lidar.top: its stamp is 0")
    assert said.endswith("(10 times)")


def test_simulated_time_begins_at_zero() -> None:
    issues = IssueLog()
    StampWatch(issues, lambda: None, lambda: 0).observe("lidar.top", 0)
    assert issues.all() == []


def test_a_stream_with_a_new_clock_is_named_once_and_followed(watched: Watched) -> None:
    watched.drive(0, 5, *SENSORS)
    for tenth in range(50, 100):
        watched.drive(tenth / 10, (tenth + 1) / 10, "camera.front", "tf base")
        watched.see("lidar.top", tenth / 10 - 3600)
    assert watched.watch.jumps == 0
    (said,) = watched.said("stamps_astray")
    assert said.startswith("lidar.top: its stamps go back by 3599.")
    assert "second publisher of its topic" in said
    assert "times" not in said


def test_two_sources_of_time_are_a_storm(watched: Watched) -> None:
    for tenth in range(30):
        watched.drive(tenth / 10, (tenth + 1) / 10, *SENSORS)
        watched.drive(tenth / 10 + 60, (tenth + 1) / 10 + 60, *SENSORS)
    assert watched.watch.jumps > 20
    (said,) = watched.said("clock_storm")
    assert "end one of the two sources of time" in said


def test_a_clock_that_is_set_back_is_one_jump_with_its_streams(watched: Watched) -> None:
    watched.drive(0, 5, *SENSORS)
    watched.watch.set_clock("ROS clock", START, 5 * SECOND)
    watched.drive(0, 5, *SENSORS)
    assert watched.watch.jumps == 1
    watched.drive(0, 1, *SENSORS)
    watched.watch.set_clock("ROS clock", START + SECOND, 4 * SECOND)
    assert watched.watch.jumps == 2, "the streams had told"
