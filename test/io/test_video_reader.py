"""Video files are read picture by picture, upright, at their own times."""

import struct
import sys

import numpy as np
import pytest

from seg_perception.core.errors import ImageError, NoVideoDecoderError
from seg_perception.io.video_reader import VideoReader
from seg_perception.io.video_writer import video_writer

av = pytest.importorskip("av", reason="PyAV is not installed; pip install av")

MS = 1_000_000


def film(path, times_ms=(0, 100, 350, 400)):
    """Red left, green right, a blue upper row; darker with each picture."""
    with video_writer(path) as video:
        for n, at in enumerate(times_ms):
            rgb = np.zeros((64, 96, 3), np.uint8)
            rgb[:, :48, 0] = rgb[:, 48:, 1] = max(0, 240 - 40 * n)
            rgb[:16] = (0, 0, 200)
            video.add(rgb, at * MS)
    return path


def read(path, every=1):
    return list(VideoReader(path).pictures(every))


def test_every_picture_has_its_time_and_number(tmp_path):
    found = read(film(tmp_path / "a.mp4"))
    assert [p.number for p in found] == [0, 1, 2, 3]
    assert [p.time_ns // MS for p in found] == [0, 100, 350, 400]
    reds = [int(p.image[40, 20, 0]) for p in found]
    assert reds == pytest.approx([240, 200, 160, 120], abs=4)
    assert [p.number for p in read(tmp_path / "a.mp4", every=3)] == [0, 3]
    assert VideoReader(tmp_path / "a.mp4").count == 4


@pytest.mark.parametrize(
    ("matrix", "quarters"),
    [
        # ISO 14496-12: (x', y') = (a x + c y, b x + d y), y down. A phone held upright.
        ((0, 1, -1, 0), -1),
        ((0, -1, 1, 0), 1),
        ((-1, 0, 0, -1), 2),
    ],
)
def test_a_phone_s_turn_is_applied(tmp_path, matrix, quarters):
    path = film(tmp_path / "a.mp4")
    upright = read(path)[0].image
    data = bytearray(path.read_bytes())
    # Version, flags, times, number and duration; layer, group, volume; then the matrix.
    at = data.find(b"tkhd") + 4 + 4 + 20 + 8 + 8
    a, b, c, d = (value << 16 for value in matrix)
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    assert np.array_equal(read(path)[0].image, np.rot90(upright, quarters))


def test_other_containers_are_read(tmp_path):
    for ending, codec in ((".mkv", "libx264"), (".avi", "mpeg4"), (".webm", "libvpx-vp9")):
        path = tmp_path / f"a{ending}"
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=10)
            stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
            for _ in range(3):
                rgb = np.full((64, 96, 3), (200, 0, 0), np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
            container.mux(stream.encode())
        found = read(path)
        assert [p.time_ns // MS for p in found] == [0, 100, 200], ending
        assert np.abs(found[1].image[32, 48].astype(int) - (200, 0, 0)).max() < 12, ending


def test_after_damage_pictures_go_on_with_the_next_key_frame(tmp_path):
    path = tmp_path / "a.mp4"
    still = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    with video_writer(path) as video:
        for n in range(60):
            video.add(np.roll(still, n, axis=1), n * 40 * MS)
    whole = read(path)
    with av.open(str(path)) as container:
        packets = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    data = bytearray(path.read_bytes())
    # A key frame comes each 15 pictures; the 21st is made of zeros.
    at, size = packets[20]
    data[at + 8 : at + size] = bytes(size - 8)
    path.write_bytes(data)
    reader = VideoReader(path)
    found = list(reader.pictures())
    assert reader.damaged >= 1
    times = [p.time_ns // (40 * MS) for p in found]
    assert times == [*range(20), *range(30, 60)]
    for picture, time in zip(found, times, strict=True):
        assert np.array_equal(picture.image, whole[time].image)


def test_what_is_no_video_is_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "a.mp4").write_bytes(b"x" * 100)
    with pytest.raises(ImageError, match=r"a\.mp4: can't be read as a video \(.*\); replace it"):
        VideoReader(tmp_path / "a.mp4")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(NoVideoDecoderError, match=r"videos need PyAV.*; pip install av$"):
        VideoReader(tmp_path / "a.mp4")
