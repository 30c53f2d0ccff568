"""Time that jumps: a bag that loops, and a simulated clock that is set."""

import itertools
from collections import Counter

import pytest

from seg_perception.io import messages
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.perception_messages import SegmentationStatus
from seg_perception.io.pointcloud2 import decode_cloud

pytestmark = pytest.mark.ros

START_NS = 1_700_000_000_000_000_000
STEP_NS = 100_000_000
HOUR_NS = 3600 * 1_000_000_000


@pytest.fixture
def bag(robot, tmp_path):
    """Two seconds of the robot's drive."""
    path = tmp_path / "drive.mcap"
    with BagWriter(path) as writer:
        writer.write("/tf_static", robot.mounting(), START_NS, latched=True)
        for number in range(20):
            stamp_ns = START_NS + number * STEP_NS
            for topic, message in robot.moment(stamp_ns).items():
                writer.write(topic, message, stamp_ns)
    return path


def test_a_bag_that_loops_is_labelled_in_every_round(ros, robot, parameters, bag, wait_until):
    clouds = robot.listen("/top/semantic/points", messages.PointCloud2.type_name)
    statuses = robot.listen("/perception_node/status", SegmentationStatus.type_name)
    file = parameters(use_sim_time=True)
    node = ros.start("perception_node", "--ros-args", "--params-file", file)
    player = ros.start("bag_player", bag, "--loop", "--clock", "--rate", "2", "--wait")

    def rounds():
        """How often the cloud that came most often got the right labels."""
        seen = Counter(
            messages.stamp_to_ns(cloud.header.stamp)
            for cloud in list(clouds)
            if decode_cloud(cloud).points["label"].ravel().tolist() == list(robot.LABELS)
        )
        return max(seen.values(), default=0)

    wait_until(lambda: rounds() >= 4, "four rounds")
    wait_until(lambda: statuses[-1].warnings == [], "that all is well in the middle of a round")
    assert player.end()[0] == 0
    summary = node.account()
    assert summary["clock_jumps"] >= 3
    for count in summary["streams"].values():
        assert set(count["dropped"]) <= {"clock_jump", "superseded", "queue_full", "shutdown"}


def test_a_clock_that_is_set_forward_and_back(start_node, robot, wait_until):
    ticks = robot.publisher("/clock", messages.Clock.type_name)
    running = start_node(use_sim_time=True)
    wait_until(ticks.get_subscription_count, "the node's clock")
    for start_ns in (START_NS + jump_ns for jump_ns in (0, HOUR_NS, 0, -HOUR_NS, 10 * HOUR_NS)):
        robot.send("/clock", messages.Clock(messages.Time.from_ns(start_ns)))
        stamps_ns = itertools.count(start_ns, STEP_NS)

        def is_labelled(stamps_ns=stamps_ns, start_ns=start_ns):
            # What waits while the jump is noticed is forgotten.
            robot.step(next(stamps_ns))
            newest = running.clouds[-1:]
            return (
                newest
                and 0 <= messages.stamp_to_ns(newest[0].header.stamp) - start_ns < HOUR_NS / 2
                and running.last_labels() == list(robot.LABELS)
            )

        wait_until(is_labelled, f"labels at {start_ns}")
    running.account()
    assert running.summary["clock_jumps"] >= 2
    assert "jumped back by" in running.log
