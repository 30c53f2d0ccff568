"""One command over many bags: each as if it were alone, resumed, in tables and pages."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app

pq = pytest.importorskip("pyarrow.parquet", reason="pip install pyarrow")


@pytest.fixture
def bags(world):
    """Two drives, and a file that is no bag."""
    other = world.folder / "other"
    other.mkdir()
    (world.folder / "broken.mcap").write_text("no bag")
    first = world.bag(world.events(3), "drive.mcap")
    second = world.bag(world.events(5), "other/drive.mcap")
    return [first, second, world.folder / "broken.mcap"]


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_fleet_is_replayed_as_each_of_its_bags_alone_and_goes_on_where_it_stopped(world, bags):
    bundle = ("--set", f"segmentation.bundle={world.bundle}")
    alone, fleet = world.folder / "alone.mcap", world.folder / "fleet"
    assert run("replay", bags[1], "-o", alone, *bundle).exit_code == 0

    result = run("replay", *bags, "-o", fleet, "-j", "2", *bundle)
    assert result.exit_code == 2
    assert "broken: failed: error:" in result.output
    labelled = fleet / "bags" / "drive_2" / "labelled.mcap"
    assert labelled.read_bytes() == alone.read_bytes()

    table = pq.read_table(fleet / "bags.parquet").to_pydict()
    assert table["bag"] == ["drive", "drive_2", "broken"]
    assert table["state"] == ["done", "done", "failed"]
    # An image and a cloud each.
    assert table["labelled"] == [6, 10, None]
    frames = pq.read_table(fleet / "frames.parquet").to_pydict()
    assert frames["bag"] == ["drive"] * 3 + ["drive_2"] * 5
    assert frames["stamp_ns"][:2] == [world.start_ns, world.start_ns + 100 * world.ms]
    assert set(frames["largest"]) <= {"red", "green"}
    assert frames["share"] == [0.5] * 8
    streams = pq.read_table(fleet / "streams.parquet").to_pydict()
    assert streams["published"] == [3, 3, 5, 5]

    # Only what failed is done again; what is done stays as it is.
    times = labelled.stat().st_mtime_ns
    bags[2].write_bytes(bags[0].read_bytes())
    result = run("replay", *bags[2:], "-o", fleet, *bundle)
    assert result.exit_code == 0, result.output
    assert labelled.stat().st_mtime_ns == times
    table = pq.read_table(fleet / "bags.parquet").to_pydict()
    assert table["state"] == ["done", "done", "done"]
    assert not list((fleet / "bags").glob(".*"))

    refused = run("replay", *bags, "-o", fleet, "--set", "transfer.cell_px=8")
    assert refused.exit_code == 2
    assert "holds results of" in refused.output


def test_the_page_leads_from_the_fleet_to_a_bag_and_its_frames(world, bags):
    fleet = world.folder / "fleet"
    run("replay", *bags[:2], "-o", fleet, "--set", f"segmentation.bundle={world.bundle}")
    page = (fleet / "index.html").read_text()
    links = re.findall(r'href="([^"#]+)"', page)
    assert "bags/drive/index.html" in links
    assert all((fleet / link).is_file() for link in links if not link.startswith("data:"))
    bag = fleet / "bags" / "drive"
    text = (bag / "index.html").read_text()
    assert str(world.start_ns) in text
    assert text.count("<figure>") == 3
    beside = re.findall(r'href="([^"#]+)"', text)
    assert all((bag / link).resolve().exists() for link in beside if not link.startswith("data:"))


def test_frames_of_many_bags_are_mined(world, bags):
    fleet = world.folder / "fleet"
    bundle = ("--set", f"segmentation.bundle={world.bundle}")
    result = run("mine", *bags[:2], "-n", 1, "-o", fleet, *bundle, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["bags"]
    assert [one["document"]["frames"]["front"] for one in found] == [3, 5]
    table = pq.read_table(fleet / "bags.parquet").to_pydict()
    assert (table["frames"], table["chosen"]) == ([3, 5], [1, 1])
    frames = pq.read_table(fleet / "frames.parquet").to_pydict()
    assert frames["name"] == [one["document"]["choices"][0]["name"] for one in found]
    # What the command wrote names the place where it lies now.
    chosen = fleet / "bags" / "drive" / "frames"
    assert str(chosen) in (chosen / "mining.json").read_text()
    assert "attempt" not in (chosen / "index.html").read_text()


@pytest.mark.parametrize("option", [("--map", "a.ply"), ("--video", "a.mp4")])
def test_one_file_is_not_that_of_many_bags(world, option):
    bags = [world.folder / "a.mcap", world.folder / "b.mcap"]
    result = run("replay", *bags, "-o", world.folder / "fleet", *option)
    assert result.exit_code == 2
    assert f"{option[0]}: expected one bag, got 2" in result.output


def test_a_folder_of_something_else_is_left_alone(world):
    (world.folder / "notes.txt").write_text("mine")
    bags = [Path("a.mcap"), Path("b.mcap")]
    result = run("replay", *bags, "-o", world.folder)
    assert result.exit_code == 2
    assert "expected a new folder" in result.output
    assert not (world.folder / "fleet.json").exists()


def test_every_bag_is_calibrated_as_it_is_alone(world, bags):
    fleet, bundle = world.folder / "fleet", ("--set", f"segmentation.bundle={world.bundle}")
    alone = [
        json.loads(run("calibrate", bag, "-o", bag.with_suffix(""), *bundle, "--json").stdout)
        for bag in bags[:2]
    ]
    result = run("calibrate", *bags, "-o", fleet, *bundle, "--json")
    assert result.exit_code == 2
    found = json.loads(result.stdout)["bags"]
    # Of so few pictures nothing can be said, which is no result to rely on.
    assert [one["state"] for one in found] == ["problems", "problems", "failed"]
    for one, expected in zip(found, alone, strict=False):
        (camera,), (other,) = one["document"]["cameras"], expected["cameras"]
        assert {**camera, "pictures": []} == {**other, "pictures": []}
    table = pq.read_table(fleet / "bags.parquet").to_pydict()
    assert (table["cameras"], table["good"], table["off"]) == (
        [1, 1, None],
        [0, 0, None],
        [0, 0, None],
    )
    frames = pq.read_table(fleet / "frames.parquet").to_pydict()
    assert frames["bag"] == ["drive", "drive_2"]
    assert frames["stream"] == ["front", "front"]
    assert frames["level"] == [one["cameras"][0]["level"] for one in alone]
    links = re.findall(r'href="([^"#]+)"', (fleet / "index.html").read_text())
    assert all((fleet / link).is_file() for link in links if not link.startswith("data:"))
