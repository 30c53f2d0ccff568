"""Streams of plain colours whose every picture is known: what comes out, and under which stamp."""

import sys

import numpy as np
import pytest

from seg_perception.core.errors import (
    ImageError,
    KeyFrameError,
    NoPictureError,
    NoVideoDecoderError,
    UnknownEncodingError,
)
from seg_perception.io import messages as m
from seg_perception.io.video import VideoDecoder
from seg_perception.io.video_packets import VideoPacket, codec_of, is_video, read_packet

BOTH = pytest.mark.parametrize("codec", ["h264", "hevc"])
COLOURS = [n % 3 for n in range(20)]
REORDERED = "scenecut=0:bframes=2:b-adapt=0:b-pyramid=0:open-gop=0"


def decoded(codec, packets, numbers=None, decoder=None):
    """What becomes of packets: colours by the number of their packet, reasons where without."""
    decoder = decoder or VideoDecoder()
    found = []
    for n, packet in enumerate(packets):
        number = numbers[n] if numbers else None
        found += decoder.feed(VideoPacket(codec, packet.data, n, number), packet)
    found += decoder.finish()
    assert [d.tag for d in found] == packets
    return [colour(d.image) if d.error is None else d.error.reason for d in found]


def colour(image):
    """The one colour of a picture; saturated, so that compression changes it by little."""
    assert image.dtype == np.uint8
    channel = int(image.mean(axis=(0, 1)).argmax())
    expected = np.zeros(3)
    expected[channel] = 200
    np.testing.assert_allclose(image, np.broadcast_to(expected, image.shape), atol=12)
    return channel


def without(items, *numbers):
    return [item for n, item in enumerate(items) if n not in numbers]


WAITS = KeyFrameError.reason


@BOTH
def test_every_packet_gives_its_picture_at_once(video, codec):
    packets = video.encode(codec, video.plain(COLOURS))
    decoder = VideoDecoder()
    for n, packet in enumerate(packets):
        (found,) = decoder.feed(VideoPacket(codec, packet.data, n), n)
        assert (found.tag, colour(found.image)) == (n, n % 3)
    assert decoder.finish() == []


@BOTH
def test_before_the_first_key_frame_nothing_is_decoded(video, codec):
    # Key frames are 0, 5, 10, 15; the recording begins at 2.
    packets = video.encode(codec, video.plain(COLOURS))[2:]
    assert decoded(codec, packets) == [WAITS] * 3 + COLOURS[5:]


@BOTH
@pytest.mark.parametrize("lost", [1, 2, 6, 8])
def test_after_a_lost_packet_it_waits_for_the_next_key_frame(video, codec, lost):
    packets = video.encode(codec, video.plain(COLOURS))
    key = (lost // 5 + 1) * 5
    expected = COLOURS[:lost] + [WAITS] * (key - lost - 1) + COLOURS[key:]
    assert decoded(codec, without(packets, lost)) == expected


@BOTH
def test_a_lost_key_frame_costs_all_that_follow_it(video, codec):
    packets = video.encode(codec, video.plain(COLOURS))
    assert decoded(codec, without(packets, 5)) == COLOURS[:5] + [WAITS] * 4 + COLOURS[10:]


@BOTH
def test_a_packet_that_comes_twice_is_not_added_twice(video, codec):
    packets = video.encode(codec, video.plain(COLOURS))
    twice = [*packets[:3], packets[2], *packets[3:]]
    decoder = VideoDecoder()
    found = [d for n, p in enumerate(twice) for d in decoder.feed(VideoPacket(codec, p.data, n), n)]
    values = [colour(d.image) if d.error is None else d.error.reason for d in found]
    assert values == [0, 1, 2, WAITS, WAITS, WAITS, *COLOURS[5:]]


@BOTH
def test_sixteen_lost_packets_are_told_by_the_sender_s_numbers(video, codec):
    # x264 counts frames modulo 16 here: 4 follows 3, and 20 seems to.
    packets = video.encode(codec, video.plain([n % 3 for n in range(30)]), key_every=25)
    lost = range(4, 20)
    kept, numbers = without(packets, *lost), without(range(100, 130), *lost)
    expected = COLOURS[:4] + [WAITS] * 5 + [n % 3 for n in range(25, 30)]
    assert decoded(codec, kept, numbers) == expected


@pytest.mark.parametrize("numbers", [[n * 33_333 for n in range(20)], [0, 3, 1, 2, *range(4, 20)]])
def test_numbers_that_do_not_count_packets_tell_of_no_loss(video, numbers):
    packets = video.encode("h264", video.plain(COLOURS))
    assert decoded("h264", packets, numbers) == COLOURS


@BOTH
def test_pictures_out_of_order_come_with_their_own_packets(video, codec):
    packets = video.encode(codec, video.plain(COLOURS), key_every=10, options=REORDERED)
    shown = [packet.shown for packet in packets]
    assert shown[:5] != sorted(shown[:5])  # there are B-frames
    assert decoded(codec, packets) == [n % 3 for n in shown]


@BOTH
def test_a_lost_packet_among_b_frames_spoils_none_that_is_shown(video, codec):
    packets = video.encode(codec, video.plain(COLOURS), key_every=10, options=REORDERED)
    shown = without([packet.shown for packet in packets], 1)
    key = shown.index(10)
    found = decoded(codec, without(packets, 1))
    assert found == [0] + [WAITS] * (key - 1) + [n % 3 for n in shown[key:]]


def test_leading_pictures_of_an_open_group_wait_where_it_is_the_first(video):
    # Every fifth is a key frame that B-frames before it refer across.
    options = "scenecut=0:bframes=2:b-adapt=0:open-gop=1"
    packets = video.encode("hevc", video.plain(COLOURS), options=options)
    shown = [packet.shown for packet in packets]
    assert decoded("hevc", packets) == [n % 3 for n in shown]
    begin = next(n for n, p in enumerate(packets[1:], 1) if p.data.count(b"\x00\x00\x01") > 2)
    key, later = shown[begin], shown[begin + 1 :]
    assert any(n < key for n in later)
    expected = [key % 3] + [WAITS if n < key else n % 3 for n in later]
    assert decoded("hevc", packets[begin:]) == expected


@BOTH
def test_the_size_may_change_at_a_key_frame(video, codec):
    small = video.encode(codec, video.plain([0, 1, 2]))
    large = video.encode(codec, video.plain([1, 2], 128, 96))
    decoder = VideoDecoder()
    images = [
        found.image
        for n, packet in enumerate([*small, *large])
        for found in decoder.feed(VideoPacket(codec, packet.data, n), n)
    ]
    assert [image.shape[:2] for image in images] == [(48, 64)] * 3 + [(96, 128)] * 2
    assert [colour(image) for image in images] == [0, 1, 2, 1, 2]


def test_the_codec_may_change(video):
    h264, hevc = (video.encode(codec, video.plain([0, 1])) for codec in ("h264", "hevc"))
    decoder = VideoDecoder()
    found = [decoder.feed(VideoPacket("h264", p.data, 0), p) for p in h264]
    found += [decoder.feed(VideoPacket("hevc", p.data, 0), p) for p in hevc]
    assert [colour(d.image) for (d,) in found] == [0, 1, 0, 1]


def test_a_damaged_packet_costs_itself_and_those_that_follow_it(video):
    packets = video.encode("h264", noisy(20))
    cut = packets[2].data[: len(packets[2].data) // 2]
    packets[2] = type(packets[2])(2, cut)
    found = reasons("h264", packets)
    assert found == ["", "", "bad_image", WAITS, WAITS] + [""] * 15


def test_a_damaged_packet_that_b_frames_refer_to_spoils_none_that_is_shown(video):
    packets = video.encode("h264", noisy(20), key_every=10, options=REORDERED)
    shown = [packet.shown for packet in packets]
    cut = packets[1].data[: len(packets[1].data) // 2]
    packets[1] = type(packets[1])(packets[1].shown, cut)
    key = shown.index(10)
    found = reasons("h264", packets)
    assert found == ["", "bad_image"] + [WAITS] * (key - 2) + [""] * (20 - key)


def noisy(count):
    """Pictures that take many bytes, so that half of a packet is not the whole picture."""
    random = np.random.default_rng(1)
    return list(random.integers(0, 255, (count, 48, 64, 3), np.uint8))


def reasons(codec, packets):
    decoder = VideoDecoder()
    found = [
        d for n, p in enumerate(packets) for d in decoder.feed(VideoPacket(codec, p.data, n), n)
    ]
    found += decoder.finish()
    assert [d.tag for d in found] == list(range(len(packets)))
    return ["" if d.error is None else d.error.reason for d in found]


@BOTH
def test_what_is_no_packet_at_all_is_refused_with_its_mend(codec):
    decoder = VideoDecoder()
    pytest.importorskip("av")
    (found,) = decoder.feed(VideoPacket(codec, b"\x00\x00\x02\x9agarbage", 0), 0)
    assert isinstance(found.error, ImageError)
    assert "start code" in str(found.error)
    assert "byte-stream" in str(found.error)


@BOTH
def test_parameter_sets_may_come_by_themselves(video, codec):
    first, *rest = video.encode(codec, video.plain([0, 1, 2]))
    head, picture = apart(codec, first.data)
    decoder = VideoDecoder()
    (found,) = decoder.feed(VideoPacket(codec, head, 0), "head")
    assert isinstance(found.error, NoPictureError)
    packets = [picture, *(packet.data for packet in rest)]
    found = [d for data in packets for d in decoder.feed(VideoPacket(codec, data, 0), 0)]
    assert [colour(d.image) for d in found] == [0, 1, 2]


def apart(codec, data):
    """Parameter sets, and the rest, of a key frame's packet."""
    units = [b"\x00\x00\x01" + unit for unit in data.split(b"\x00\x00\x01")[1:]]
    kinds = [unit[3] & 31 if codec == "h264" else unit[3] >> 1 & 63 for unit in units]
    sets = (7, 8) if codec == "h264" else (32, 33, 34)
    head = b"".join(unit for unit, kind in zip(units, kinds, strict=True) if kind in sets)
    return head, b"".join(u for u, kind in zip(units, kinds, strict=True) if kind not in sets)


@BOTH
def test_a_key_frame_without_parameter_sets_is_not_enough(video, codec):
    packets = video.encode(codec, video.plain([0, 1]))
    _, picture = apart(codec, packets[0].data)
    (found,) = VideoDecoder().feed(VideoPacket(codec, picture, 0), 0)
    assert found.error.reason == WAITS
    assert "parameter sets" in str(found.error)


@BOTH
def test_a_stamp_that_jumps_back_is_a_new_beginning(video, codec):
    # The bag loops: 7 is followed by 3, whose number is that of a frame that may follow.
    packets = video.encode(codec, video.plain(COLOURS))
    decoder = VideoDecoder()
    found = []
    for n in [*range(8), *range(3, 11)]:
        found += decoder.feed(VideoPacket(codec, packets[n].data, n * 1_000_000_000), n)
    values = [colour(d.image) if d.error is None else d.error.reason for d in found]
    assert values == COLOURS[:8] + [WAITS] * 2 + COLOURS[5:11]


@BOTH
def test_lost_messages_that_the_middleware_tells_of(video, codec):
    packets = video.encode(codec, video.plain(COLOURS))
    decoder = VideoDecoder()
    found = []
    for n, packet in enumerate(packets[:7]):
        if n == 3:
            decoder.lose()
        found += decoder.feed(VideoPacket(codec, packet.data, n), n)
    values = [colour(d.image) if d.error is None else d.error.reason for d in found]
    assert values == [0, 1, 2, WAITS, WAITS, 2, 0]


@pytest.mark.parametrize(
    ("space", "weights"), [("", (0.299, 0.114)), ("bt709", (0.2126, 0.0722)),
                           ("smpte170m", (0.299, 0.114))],
)  # fmt: skip
@pytest.mark.parametrize("full", [False, True])
def test_colours_follow_the_matrix_and_range_that_the_stream_names(video, space, weights, full):
    rgb = (200, 100, 30)
    import av

    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = 64, 48, "yuv420p"
    context.time_base = 1
    matrix = f"colormatrix={space}:" if space else ""
    context.options = {"x264-params": f"{matrix}fullrange={'on' if full else 'off'}:qp=1"}
    context.color_range = 2 if full else 1
    frame = av.VideoFrame(64, 48, "yuv420p")
    for plane, value in zip(frame.planes, yuv(rgb, *weights, full=full), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    frame.pts = 0
    (packet,) = [*context.encode(frame), *context.encode(None)]
    decoder = VideoDecoder()
    found = [*decoder.feed(VideoPacket("h264", bytes(packet), 0), 0), *decoder.finish()]
    np.testing.assert_allclose(found[0].image[20, 20], rgb, atol=3)


def yuv(rgb, red, blue, *, full):
    """Y, Cb, Cr of ITU-R BT.601 or BT.709, by the weights of red and blue."""
    r, g, b = (value / 255 for value in rgb)
    luma = red * r + (1 - red - blue) * g + blue * b
    chroma = (b - luma) / (2 * (1 - blue)), (r - luma) / (2 * (1 - red))
    scale, offset, chroma_scale = (255, 0, 255) if full else (219, 16, 224)
    return [round(offset + scale * luma), *(round(128 + chroma_scale * c) for c in chroma)]


def absurd(codec):
    """Parameter sets that declare 65,536 x 65,536 pixels, as bits behind the unit's header."""
    if codec == "h264":
        # Baseline profile, level 5.1, set 0; frame numbers of 4 bits (1), order kind 2 (011), one
        # reference (010), no gaps (0), 4096 x 4096 macroblocks (4095: 12 zeros, 4096), frames only.
        size = "0" * 12 + f"{4096:b}"
        return b"\x67" + bytes([66, 0, 51]), "1" + "1" + "011" + "010" + "0" + 2 * size + "11"
    # One layer (8 bits), any profile and level (96 bits), set 0, colour (010), 65536 twice.
    size = "0" * 16 + f"{65537:b}"
    return b"\x42\x01", "00000001" + "1" * 96 + "1" + "010" + 2 * size + "1"


@BOTH
def test_an_absurd_size_is_refused_before_anything_is_allocated(codec):
    pytest.importorskip("av")
    head, bits = absurd(codec)
    count = -(-len(bits) // 8)
    body = int(bits.ljust(8 * count, "0"), 2).to_bytes(count, "big")
    packet = b"\x00\x00\x00\x01" + head + body
    (found,) = VideoDecoder().feed(VideoPacket(codec, packet, 0), 0)
    assert "65536x65536" in str(found.error)


def test_without_pyav_the_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    (found,) = VideoDecoder().feed(VideoPacket("hevc", b"\0\0\1\x40", 0), 0)
    assert isinstance(found.error, NoVideoDecoderError)
    assert str(found.error).startswith("H.265 video: ")
    assert "pip install av" in str(found.error)


def test_which_messages_carry_video():
    at = m.Header.at(5, "camera")
    packet = m.FFMPEGPacket(at, 64, 48, "libx264;yuv420p", 7, 1, False, b"x")
    foxglove = m.CompressedVideo(m.Time.from_ns(6), "camera", b"y", "h265")
    assert read_packet(packet) == VideoPacket("h264", b"x", 5, 7)
    assert read_packet(foxglove) == VideoPacket("hevc", b"y", 6)
    assert read_packet(m.CompressedImage(at, "H264", b"z")) == VideoPacket("h264", b"z", 5)
    assert is_video(packet)
    assert is_video(foxglove)
    assert is_video(m.CompressedImage(at, "hevc"))
    assert not is_video(m.CompressedImage(at, "rgb8; jpeg compressed bgr8"))
    assert not is_video(m.Image(at))
    with pytest.raises(UnknownEncodingError, match="got 'av1'"):
        read_packet(m.CompressedVideo(format="av1"))


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("h264_nvenc", "h264"),
        ("avc1", "h264"),
        ("HEVC", "hevc"),
        ("libx265;p", "hevc"),
        ("av1", ""),
    ],
)
def test_names_of_codecs(name, codec):
    assert codec_of(name) == codec
