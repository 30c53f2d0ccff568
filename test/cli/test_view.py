"""`seg-perception view`: what it prints, and how it refuses."""

import json
import sys

import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app


def run(*arguments, code=0):
    result = CliRunner().invoke(app, ["view", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def rerun():
    return pytest.importorskip("rerun", reason="the extra [view] is not installed")


@pytest.fixture
def dark(monkeypatch):
    """No display."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)


def test_a_file_is_written_without_a_display(world, dark, rerun):
    file = world.folder / "out.rrd"
    text = run(world.bag(), "--save", file).stdout
    assert "in.mcap: 5 images, 5 clouds, 2 transforms" in text.replace("\n", "")
    assert f"`rerun {file}`" in text.replace("\n", "")
    assert file.read_bytes().startswith(b"RRF")


def test_json_tells_the_same(world, dark, rerun):
    file = world.folder / "out.rrd"
    told = json.loads(run(world.bag(), "--save", file, "--json", "--max-hz", "5").stdout)
    assert told["written"] == str(file)
    assert told["images"] == {world.image_topic: 3}
    assert told["clouds"] == {world.points_topic: 3}
    assert told["transforms"] == 2


def test_a_damaged_bag_is_shown_as_far_as_it_goes(world, dark, rerun):
    bag = world.bag()
    whole = bag.read_bytes()
    bag.write_bytes(whole[: len(whole) * 2 // 3])
    result = run(bag, "--save", world.folder / "out.rrd", code=2)
    assert "error:" in result.output
    assert (world.folder / "out.rrd").is_file()


def test_without_a_display_the_way_round_it_is_said(world, dark, rerun):
    assert "--save FILE.rrd" in run(world.bag(), code=2).output


def test_without_rerun_the_line_that_installs_it_is_said(world, monkeypatch):
    monkeypatch.setitem(sys.modules, "rerun", None)
    result = run(world.bag(), "--save", world.folder / "out.rrd", code=2)
    assert "pip install 'rerun-sdk>=0.39'" in result.output.replace("\n", " ")
    assert not (world.folder / "out.rrd").exists()


def test_beside_numpy_1_pip_is_not_advised_to_replace_it(world, monkeypatch):
    monkeypatch.setitem(sys.modules, "rerun", None)
    monkeypatch.setattr("seg_perception.viewing.rerun_library.np.__version__", "1.26.4")
    output = run(world.bag(), "--save", world.folder / "out.rrd", code=2).output.replace("\n", " ")
    assert "here is 1.26.4" in output
    assert "pip install" not in output


def test_an_old_rerun_is_refused(world, monkeypatch, tmp_path):
    (tmp_path / "rerun").mkdir()
    (tmp_path / "rerun" / "__init__.py").write_text("__version__ = '0.19.0'")
    (tmp_path / "rerun" / "blueprint.py").touch()
    for name in [name for name in sys.modules if name.partition(".")[0] == "rerun"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    result = run(world.bag(), "--save", world.folder / "out.rrd", code=2)
    for name in [name for name in sys.modules if name.partition(".")[0] == "rerun"]:
        monkeypatch.delitem(sys.modules, name)
    assert "0.19.0 lacks CoordinateFrame" in result.output.replace("\n", " ")


def test_a_library_that_the_system_lacks_is_named(tmp_path, monkeypatch):
    (tmp_path / "open3d.py").write_text(
        "raise OSError('libusb-1.0.so.0: cannot open shared object file: No such file')"
    )
    monkeypatch.delitem(sys.modules, "open3d", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    output = run(tmp_path / "map.ply", "--open3d", code=2).output.replace("\n", " ")
    assert "apt-get install libusb-1.0-0" in output


def test_a_window_of_open3d_is_for_maps(world):
    output = run(world.bag(), "--open3d", code=2).output.replace("\n", " ")
    assert "--open3d shows a .ply or .pcd file in a window" in output


def test_a_path_that_is_nothing_is_refused(world, rerun):
    assert "error:" in run(world.folder / "nowhere.mcap", code=2).output
    assert "error:" in run(world.folder / "nowhere.ply", code=2).output
