"""The demo's account, its child processes, and the whole of it."""

import json
import os

import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.demo.latency import measure_latency
from seg_perception.demo.processes import Nodes, ProcessError
from seg_perception.demo.summary import Reports, account
from seg_perception.replay import ReplayOptions, replay

IMAGE, POINTS = "/camera/front/image_raw", "/lidar/top/points"
LABELS, CLOUD = "/camera/front/semantic/label_image", "/lidar/top/semantic/points"


def reports():
    camera = {"received": 9, "published": 6, "dropped": {"superseded": 3}, "in_flight": 0}
    lidar = {"received": 9, "published": 9, "dropped": {}, "in_flight": 0}
    return (
        {"sent": {IMAGE: 10, POINTS: 9}},
        {
            "streams": {"camera.front": camera, "lidar.top": lidar},
            "lost_in_transport": {"camera.front": 1, "lidar.top": 0},
        },
        {"recorded": {LABELS: 6, CLOUD: 9}},
    )


def test_an_account_without_gaps_is_complete(world):
    found = account(world.config(), Reports(*reports()), 2.0)
    assert found["camera.front"].complete
    assert found["lidar.top"].complete
    assert found["camera.front"].rate_hz == 3.0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda player, _node, _recorder: player["sent"].update({IMAGE: 11}),
        lambda _player, node, _recorder: node["lost_in_transport"].update({"camera.front": 0}),
        lambda _player, node, _recorder: node["streams"]["camera.front"]["dropped"].clear(),
        lambda _player, _node, recorder: recorder["recorded"].update({LABELS: 5}),
    ],
    ids=["sent more", "not lost", "not dropped", "not recorded"],
)
def test_a_gap_anywhere_is_seen(world, spoil):
    spoiled = reports()
    spoil(*spoiled)
    assert not account(world.config(), Reports(*spoiled), 2.0)["camera.front"].complete


def test_latency_is_log_time_minus_stamp(world):
    out = world.folder / "out.mcap"
    replay(world.bag(), out, world.config(), ReplayOptions(latency_ms=30))
    figures = measure_latency(out, world.config())
    # Each image comes 1 ms after its stamp and is ready 30 ms later.
    assert figures[LABELS].count == 5
    assert figures[LABELS].p99_s == pytest.approx(0.031, rel=0.011)


@pytest.fixture
def nodes(tmp_path):
    pytest.importorskip("rclpy", reason="rclpy is not installed; run make setup")
    with Nodes({}, tmp_path) as group:
        yield group


def test_a_node_that_fails_is_quoted(nodes):
    node = nodes.start("bag_player", "/nowhere.mcap")
    with pytest.raises(ProcessError, match=r"bag_player ended with code 2: .*check the path"):
        node.report()


def test_a_failure_ends_the_wait_for_another(nodes, tmp_path):
    nodes.start("bag_player", "/nowhere.mcap")
    recorder = nodes.start("bag_recorder", tmp_path / "out.mcap")
    with pytest.raises(ProcessError, match="bag_player ended"):
        nodes.wait_for(recorder, timeout_s=20)


def test_no_process_is_left_behind(tmp_path, ros_environment):
    with Nodes(ros_environment, tmp_path) as nodes:
        recorder = nodes.start("bag_recorder", tmp_path / "out.mcap")
        pid = recorder._process.pid
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_whole_demo(tmp_path, ros_environment):
    pytest.importorskip("embreex", reason="the simulation's extra is not installed")
    folder = tmp_path / "demo"
    result = CliRunner().invoke(app, ["demo", "--seconds", "3", "-o", str(folder), "--json"])
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary["complete"]
    sent = {name: entry["sent"] for name, entry in summary["streams"].items()}
    assert sent == {"camera.front": 30, "lidar.top": 30, "radar.front": 45}
    published = summary["streams"]["lidar.top"]["published"]
    assert summary["latency"][CLOUD]["count"] == published > 0
    assert summary["scores"][LABELS]["labelled"] == 1.0
    assert summary["points"]["top"]["labelled"] > 0
    for file in (
        "labelled.mcap",
        "summary.json",
        "demo.png",
        "overlay_1.png",
        "birds_eye_lidar_top.png",
    ):
        assert (folder / file).stat().st_size > 1000
