"""What keeps a node from starting is one sentence with its mend."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.ros
NODE = [sys.executable, "-m", "seg_perception.ros.perception_node"]


@pytest.fixture
def start(ros_environment, tmp_path):
    """Runs the node, which ends by itself."""
    (tmp_path / "broken.yaml").write_text("a: [")

    def run(*arguments, **variables):
        return subprocess.run(
            [*NODE, *arguments],
            env={**ros_environment, **variables},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--params-file", "nowhere.yaml"], "check the file after --params-file"),
        (["--params-file", "broken.yaml"], "check the file after --params-file"),
        (["-r", "nonsense"], "check what follows --ros-args"),
        (["--nonsense"], "check what follows --ros-args"),
    ],
)
def test_arguments_that_ros_refuses(start, arguments, said):
    done = start("--ros-args", *arguments)
    # ROS has a line of its own before.
    last = done.stderr.splitlines()[-1]
    assert (done.returncode, last[:29]) == (2, "error: ROS can't be started ("), done.stderr
    assert said in last
    assert "Traceback" not in done.stderr


def test_a_home_that_can_not_be_written_is_told_and_mended(
    start, ros_environment, tmp_path, wait_until
):
    refused = start(HOME="/proc/nowhere", ROS_LOG_DIR="", ROS_HOME="")
    assert refused.returncode == 2, refused.stderr
    assert "set ROS_LOG_DIR to a folder that can be written to" in refused.stderr
    assert refused.stderr.count("\n") == 1
    mended = {**ros_environment, "HOME": "/proc/nowhere", "ROS_LOG_DIR": str(tmp_path / "log")}
    with subprocess.Popen([*NODE, "--ros-args"], env=mended, stderr=subprocess.DEVNULL) as node:
        wait_until(lambda: list((tmp_path / "log").glob("*")), "its log")
        node.terminate()


def test_a_topic_that_ros_refuses_is_told_with_its_parameter(ros, robot, wait_until):
    said = robot.listen("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray")
    settings = ("-p", "cameras:=[front]", "-p", "camera.front.image_topic:=/bad topic")
    process = ros.start("perception_node", "--ros-args", *settings)
    expected = "camera.front.image_topic: expected a name of letters"
    wait_until(lambda: expected in str(said), "the sentence")
    _, _, log = process.end()
    assert expected in log
    assert "Traceback" not in log
