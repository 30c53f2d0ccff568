"""A video is H.264 that browsers play, with each picture at its own time, whole or not at all."""

import sys
from fractions import Fraction

import numpy as np
import pytest
from full_disk import full_disk

from seg_perception.core.errors import ConfigError, OutputError
from seg_perception.io.video_writer import check_video_file, video_writer

av = pytest.importorskip("av", reason="PyAV is not installed; pip install av")

MS = 1_000_000
RED, TEAL = (200, 30, 40), (0, 120, 130)
# A codec with half of the colours' pixels is off by a few levels.
CLOSE = 4


def halves(left, right):
    picture = np.empty((48, 64, 3), np.uint8)
    picture[:, :32], picture[:, 32:] = left, right
    return picture


def write(path, times_ms, picture=lambda _: halves(RED, TEAL)):
    with video_writer(path) as video:
        for number, at in enumerate(times_ms):
            video.add(picture(number), at * MS)
    return path


def decoded(path):
    with av.open(str(path)) as container:
        return [(f.time, f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]


def test_every_picture_has_its_time_and_its_colours(tmp_path):
    times = [0, 100, 133, 350, 1350]
    path = write(tmp_path / "v.mp4", times, lambda n: halves((40 * n, 30, 40), TEAL))
    found = decoded(path)
    assert [at for at, _ in found] == pytest.approx([t / 1000 for t in times], abs=1e-5)
    for number, (_, picture) in enumerate(found):
        assert picture.shape == (48, 64, 3)
        assert np.abs(picture[24, 16].astype(int) - (40 * number, 30, 40)).max() <= CLOSE
        assert np.abs(picture[24, 48].astype(int) - TEAL).max() <= CLOSE


def test_the_file_is_what_browsers_take(tmp_path):
    path = write(tmp_path / "v.mp4", range(0, 2000, 40))
    data = path.read_bytes()
    # The index comes first, so that playing begins before all is there.
    assert data[4:8] == b"ftyp"
    assert 0 < data.find(b"moov") < data.find(b"mdat")
    with av.open(str(path)) as container:
        (stream,) = container.streams
        context = stream.codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        # BT.709, limited: said in the stream, so that no player has to guess.
        assert (context.colorspace, context.color_range) == (1, 1)
        assert stream.time_base == Fraction(1, 90_000)
        keys = [p.pts for p in container.demux(stream) if p.size and p.is_keyframe]
    assert keys[:3] == [0, 15 * 3600, 30 * 3600]


def test_nothing_is_left_of_a_video_that_was_not_finished(tmp_path):
    class EndedError(Exception):
        pass

    def end_early():
        with video_writer(tmp_path / "v.mp4") as video:
            video.add(halves(RED, TEAL), 0)
            raise EndedError

    with pytest.raises(EndedError):
        end_early()
    assert list(tmp_path.iterdir()) == []


def test_without_a_picture_there_is_no_file(tmp_path):
    with video_writer(tmp_path / "v.mp4"):
        pass
    assert list(tmp_path.iterdir()) == []


def noise(number):
    return np.random.default_rng(number).integers(0, 256, (240, 320, 3), np.uint8)


@pytest.mark.parametrize("share", [0, 0.05, 0.5, 0.999])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path, share):
    """At once, in the middle, and when the index is put in front at the end."""
    times = range(0, 1200, 100)
    size = write(tmp_path / "whole.mp4", times, noise).stat().st_size
    (tmp_path / "whole.mp4").unlink()
    sentence = r"v\.mp4: can't be written \(File too large\); raise the limit"
    with full_disk(int(share * size)), pytest.raises(OutputError, match=sentence):
        write(tmp_path / "v.mp4", times, noise)
    assert list(tmp_path.iterdir()) == []


def test_another_ending_and_a_file_that_is_there_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"v\.avi: expected a name that ends in \.mp4"):
        check_video_file(tmp_path / "v.avi")
    (tmp_path / "v.mp4").touch()
    with pytest.raises(ConfigError, match=r"v\.mp4 exists; remove it"):
        check_video_file(tmp_path / "v.mp4")


def test_without_pyav_the_line_that_installs_it_is_said(tmp_path, monkeypatch):
    for name in ("av", "av.codec"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError, match=r"videos need PyAV.*; pip install av$"):
        check_video_file(tmp_path / "v.mp4")


def test_pyav_without_the_encoder_is_said(tmp_path, monkeypatch):
    def none(name, mode):
        raise ValueError(name, mode)

    monkeypatch.setattr("av.codec.Codec", none)
    with pytest.raises(ConfigError, match="expected PyAV with the encoder libx264"):
        check_video_file(tmp_path / "v.mp4")


def test_a_picture_of_another_size_or_an_earlier_time_is_a_mistake_of_ours(tmp_path):
    def add(picture, at):
        with video_writer(tmp_path / "v.mp4") as video:
            video.add(halves(RED, TEAL), 5 * MS)
            video.add(picture, at)

    with pytest.raises(ValueError, match="expected"):
        add(halves(RED, TEAL)[:40], 6 * MS)
    with pytest.raises(ValueError, match="expected"):
        add(halves(RED, TEAL), 5 * MS)
