"""A node takes as many clouds of a sensor as its limit says, and counts the others."""

import pytest
from waiting import wait_until

pytestmark = pytest.mark.ros
STEP_NS = 100_000_000
SECOND_NS = 1_000_000_000


def test_clouds_beyond_their_rate_are_dropped_under_that_reason(start_node, robot):
    running = start_node(lidar__top__max_rate_hz=1.0)
    begin_ns = (running.start_ns // SECOND_NS + 1) * SECOND_NS
    for number in range(20):
        robot.step(begin_ns + number * STEP_NS)
        wait_until(lambda wanted=number + 1: wanted in running.received(), f"moment {number}")
    for second in (0, 1):
        running.cloud_of(begin_ns + second * SECOND_NS)
    count = running.account()["lidar.top"]
    assert (count["received"], count["published"]) == (20, 2)
    assert count["dropped"] == {"rate_limited": 18}
