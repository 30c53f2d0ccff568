"""The whole of the demo."""

import json

import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app

LABELS, CLOUD = "/camera/front/semantic/label_image", "/lidar/top/semantic/points"


@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_whole_demo(tmp_path, ros_environment):
    pytest.importorskip("embreex", reason="the simulation's extra is not installed")
    folder = tmp_path / "demo"
    video = ("--video", str(folder / "demo.mp4"))
    result = CliRunner().invoke(
        app, ["demo", "--seconds", "3", "-o", str(folder), *video, "--json"]
    )
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary["complete"]
    sent = {name: entry["sent"] for name, entry in summary["streams"].items()}
    assert sent == {"camera.front": 30, "lidar.top": 30, "radar.front": 45}
    published = summary["streams"]["lidar.top"]["published"]
    assert summary["latency"][CLOUD]["count"] == published > 0
    assert summary["scores"][LABELS]["labelled"] == 1.0
    assert summary["video"]["pictures"] == summary["streams"]["camera.front"]["published"]
    assert summary["points"]["top"]["labelled"] > 0
    for file in (
        "labelled.mcap",
        "summary.json",
        "demo.png",
        "demo.mp4",
        "overlay_1.png",
        "birds_eye_lidar_top.png",
    ):
        assert (folder / file).stat().st_size > 1000
