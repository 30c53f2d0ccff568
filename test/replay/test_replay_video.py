"""`replay --video`: what a replay labels, as a video."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.core.errors import OutputError
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.video_writer import VideoWriter
from seg_perception.replay import ReplayOptions, replay

av = pytest.importorskip("av", reason="PyAV is not installed; pip install av")
CLOSE = 6


def decoded(path):
    with av.open(str(path)) as container:
        return [(f.time, f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]


def test_every_image_is_a_picture_at_its_time_in_the_classes_colours(world):
    video = world.folder / "out.mp4"
    config = world.config()
    summary = replay(world.bag(), world.folder / "out.mcap", config, ReplayOptions(video=video))
    assert summary.video is not None
    assert (summary.video.file, summary.video.pictures, summary.video.cuts) == (str(video), 5, 0)
    found = decoded(video)
    assert [at for at, _ in found] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4], abs=1e-4)
    # 64x48 pixels, blown up to 240x180, with the clouds from above beside them.
    alpha = config.output.overlay_alpha
    for _, picture in found:
        for column, channel in ((60, 0), (180, 1)):
            mixed = np.zeros(3)
            mixed[channel] = 200 * (1 - alpha) + 255 * alpha
            assert np.abs(picture[60, column] - mixed).max() <= CLOSE
    # Ten metres ahead and two to the left, 30 m to the edge.
    patch = found[2][1][59:62, 240 + 83 : 240 + 86].astype(int)
    assert (patch[..., 0] - patch[..., 1:].max(axis=2)).max() > 60


def test_the_bag_is_the_same_with_and_without_a_video(world):
    bag = world.bag()
    replay(bag, world.folder / "a.mcap", world.config())
    replay(
        bag, world.folder / "b.mcap", world.config(), ReplayOptions(video=world.folder / "b.mp4")
    )
    assert (world.folder / "a.mcap").read_bytes() == (world.folder / "b.mcap").read_bytes()


def test_a_video_that_the_disk_refuses_ends_the_replay_and_leaves_none(world, monkeypatch):
    add = VideoWriter.add

    def refused(self, picture, time_ns):
        if self.count == 2:
            msg = "out.mp4: can't be written"
            raise OutputError(msg)
        add(self, picture, time_ns)

    monkeypatch.setattr(VideoWriter, "add", refused)
    out, video = world.folder / "out.mcap", world.folder / "out.mp4"
    with pytest.raises(OutputError, match="can't be written"):
        replay(world.bag(), out, world.config(), ReplayOptions(video=video))
    assert sorted(f.name for f in world.folder.glob("*")) == ["in.mcap", "out.mcap"]
    with BagReader(out) as bag:
        assert bag.message_count


def test_the_command_says_what_it_wrote(world):
    video = world.folder / "out.mp4"
    settings = ("--set", f"segmentation.bundle={world.bundle}", "--video", video)
    arguments = ("replay", world.bag(), "-o", world.folder / "out.mcap", *settings)
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert done.exit_code == 0, done.output
    assert f"written: {video}, 5 pictures, 0.4 s" in done.stdout
    again = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    assert again.exit_code == 2
    assert f"{video} exists; remove it" in again.stderr
    video.unlink()
    (world.folder / "out.mcap").unlink()
    again = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    assert json.loads(again.stdout)["video"]["pictures"] == 5


def test_a_video_is_refused_before_anything_is_written(world):
    options = ("-o", world.folder / "out.mcap", "--video", world.folder / "out.gif")
    arguments = map(str, ("replay", world.bag(), *options))
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 2
    assert "out.gif: expected a name that ends in .mp4" in done.stderr
    assert not (world.folder / "out.mcap").exists()


def test_a_stopped_replay_keeps_what_was_drawn(world):
    from seg_perception.core.errors import StoppedError

    def stop(done, _total):
        if done == 8:
            msg = "stopped by a signal"
            raise StoppedError(msg, 2)

    video = world.folder / "out.mp4"
    options = ReplayOptions(video=video)
    replay(world.bag(), world.folder / "out.mcap", world.config(), options, on_progress=stop)
    assert 1 <= len(decoded(video)) < 5
    with BagReader(world.folder / "out.mcap") as bag:
        assert bag.message_count
