"""A simulated drive, evaluated end to end, as a browser shows it."""

import json
import re

import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The run's folder: half a second of a drive, labelled by the shipped model."""
    pytest.importorskip("embreex", reason="the simulation's extra is not installed")
    from seg_perception.simulation.config import SimulationConfig
    from seg_perception.simulation.drive import write_bag

    folder = tmp_path_factory.mktemp("evaluated")
    size = {"camera_width": 256, "camera_height": 144, "lidar_beams": 16, "lidar_columns": 256}
    write_bag(folder / "drive.mcap", SimulationConfig(duration_s=0.6, seed=2, **size))
    arguments = ["evaluate", str(folder / "drive.mcap"), "-o", str(folder / "run")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return folder / "run"


# 718 pixels are what A4 leaves between usual margins.
@pytest.mark.parametrize(
    ("width", "scheme", "media"),
    [(1280, "light", "screen"), (390, "dark", "screen"), (718, "dark", "print")],
)
def test_the_report_of_an_evaluated_bag_is_sound(browser, expect_sound, run, width, scheme, media):
    look = browser.look(run / "report.html", width, scheme, media=media)
    expect_sound(look, run / "report.html")
    results = json.loads((run / "results.json").read_text())
    streams = [stream["name"] for stream in results["streams"]]
    assert {"camera.front", "lidar.top", "radar.front"} <= set(streams)
    numbered = [f"stream-{n}" for n in range(len(streams))]
    assert look.layout["sections"] == ["summary", *numbered, "timing", "origin"]
    assert look.layout["images"] >= 4 * 4 + 2 * 2 * 3, "worst and typical frames"


def test_the_report_of_a_real_bag_is_sound(browser, expect_sound, shared_data, tmp_path):
    bag = shared_data / "real" / "rellis_goose_style_db3"
    arguments = ["evaluate", str(bag), "-o", str(tmp_path / "run")]
    options = ["--protocol", "rellis", "--class-mapping", "category"]
    result = CliRunner().invoke(app, [*arguments, *options])
    assert result.exit_code == 0, result.output
    look = browser.look(tmp_path / "run" / "report.html", 390, "dark")
    expect_sound(look, tmp_path / "run" / "report.html")
    assert look.layout["images"] == 4 + 3


def test_the_report_is_small_enough_to_be_mailed(run):
    assert (run / "report.html").stat().st_size < 10_000_000


def test_the_page_has_the_numbers_of_the_document(run):
    page = (run / "report.html").read_text(encoding="utf-8")
    text = re.sub(r"data:image/[^\"]+", "", page).replace("\N{NARROW NO-BREAK SPACE}", " ")
    results = json.loads((run / "results.json").read_text())
    for stream in results["streams"]:
        assert f"{stream['class_mappings'][0]['metrics'][0]['value']:.1f} %" in text
        for entry in stream["class_mappings"][0]["classes"]:
            if entry["truth"]:
                assert f"{entry['iou']:.1f} %" in text
    assert results["hashes"]["model"] in text
