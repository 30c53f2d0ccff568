"""The map of a recording: messages as often as asked, and a file at the end."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.core.errors import ConfigError
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.replay import ReplayOptions, replay

MAP = "/perception_node/map"
FRAME = {"map.frame": "base_link"}


def vertices(path):
    head, _, body = path.read_bytes().partition(b"end_header\n")
    layout = np.dtype([*((n, "<f4") for n in "xyz"), *((n, "u1") for n in ("r", "g", "b")),
                       ("label", "<u4"), ("confidence", "<f4"), ("count", "<u4")])  # fmt: skip
    found = np.frombuffer(body, layout)
    assert f"element vertex {len(found)}".encode() in head
    return found


def test_a_whole_bag_becomes_one_labelled_map(world):
    file = world.folder / "map.ply"
    out = world.folder / "out.mcap"
    summary = replay(world.bag(), out, world.config(**FRAME), ReplayOptions(map_file=file))
    # Of three points two have a label, in five scans; the first weighs like the second.
    clouds = [decode_cloud(m) for m in world.read(out, "/lidar/top/semantic/points")]
    votes = sum(float(cloud.points["confidence"][0, 0]) for cloud in clouds)
    found = vertices(file)
    assert sorted(found["label"].tolist()) == [world.red, world.green]
    assert found["count"].tolist() == [5, 5]
    np.testing.assert_allclose(found["confidence"], (votes + 1 / 3) / (votes + 1), rtol=1e-5)
    by_label = {int(v["label"]): v for v in found}
    np.testing.assert_allclose([by_label[world.red][n] for n in "xyz"], [10.1, 2.1, 0.1], rtol=1e-5)
    assert [by_label[world.red][n] for n in "rgb"] == [255, 0, 0]
    assert summary.map is not None
    assert (summary.map.voxels, summary.map.entered, summary.map.frame) == (2, 10, "base_link")
    assert MAP not in world.topics(out)


def test_the_node_s_map_is_written_once_a_period(world):
    out = world.folder / "out.mcap"
    config = world.config(**FRAME, **{"map.enabled": True, "map.period_s": 0.2})
    replay(world.bag(), out, config)
    maps = [decode_cloud(m) for m in world.read(out, MAP)]
    # At 0.2 and 0.4 s: a cloud gets its labels with the image after it, 0.1 s later.
    assert [m.points["count"].tolist() for m in maps] == [[[1, 1]], [[3, 3]]]
    assert maps[0].frame_id == "base_link"
    assert maps[-1].fields == ("x", "y", "z", "rgb", "label", "confidence", "count")


def test_the_same_bag_gives_the_same_map(world):
    bag = world.bag()
    files = [world.folder / name for name in ("a.pcd", "b.pcd")]
    for file in files:
        out = file.with_suffix(".mcap")
        replay(bag, out, world.config(**FRAME), ReplayOptions(map_file=file))
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_full_map_says_so(world):
    options = ReplayOptions(map_file=world.folder / "map.pcd")
    config = world.config(**FRAME, **{"map.max_voxels": 1})
    summary = replay(world.bag(), world.folder / "out.mcap", config, options)
    assert any("raise map.max_voxels" in note for note in summary.notes)
    assert summary.map.voxels == 1


def test_without_a_frame_nothing_is_begun(world):
    options = ReplayOptions(map_file=world.folder / "map.pcd")
    with pytest.raises(ConfigError, match=r"set map\.frame"):
        replay(world.bag(), world.folder / "out.mcap", world.config(), options)
    assert not (world.folder / "out.mcap").exists()


def test_an_unknown_frame_is_a_problem_and_no_file(world):
    file = world.folder / "map.pcd"
    config = world.config(**{"map.frame": "mars"})
    summary = replay(world.bag(), world.folder / "out.mcap", config, ReplayOptions(map_file=file))
    assert any("no scan could be placed in mars" in problem for problem in summary.problems)
    assert not file.exists()


def test_on_the_command_line(world):
    file, out = world.folder / "map.pcd", world.folder / "out.mcap"
    settings = [f"segmentation.bundle={world.bundle}", "map.frame=base_link"]
    options = [word for setting in settings for word in ("--set", setting)]
    command = ["replay", world.bag(), "-o", out, "--map", file, "--json", *options]
    result = CliRunner().invoke(app, [str(word) for word in command])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["map"]["voxels"] == 2
    assert file.read_bytes().startswith(b"# .PCD v0.7")
    refused = CliRunner().invoke(app, [str(w) for w in [*command[:5], "map.xyz", *options]])
    assert refused.exit_code == 2
    assert ".pcd or .ply" in refused.output


def test_a_replay_writes_what_a_planner_would_get(world):
    out = world.folder / "out.mcap"
    wishes = {"costmap.obstacles": True, "costmap.grid": True, "map.enabled": True}
    config = world.config(**FRAME, **wishes, **{"map.period_s": 0.2})
    replay(world.bag(), out, config)
    obstacles = [decode_cloud(m) for m in world.read(out, "/lidar/top/semantic/obstacles")]
    # Neither red nor green blocks; the scans have labels, so that the way is free.
    assert [len(cloud) for cloud in obstacles] == [0] * 5
    assert [m.info.width for m in world.read(out, "/perception_node/costmap")] == [200, 200]


def test_a_map_needs_no_more_memory_for_a_longer_bag(world):
    sizes = []
    for count in (5, 40):
        bag = world.bag(world.events(count), f"{count}.mcap")
        options = ReplayOptions(map_file=world.folder / f"{count}.pcd")
        config = world.config(**FRAME, **{"map.max_voxels": 1})
        summary = replay(bag, world.folder / f"{count}_out.mcap", config, options)
        sizes.append((summary.map.voxels, summary.map.entered))
    assert sizes == [(1, 10), (1, 80)]
