import sys
import types

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from seg_perception.core.errors import ImageError, UnknownEncodingError
from seg_perception.core.types import LabelMap
from seg_perception.io import images
from seg_perception.io.messages import Header, Image

RED, GREEN, BLUE = (200, 30, 10), (20, 220, 40), (5, 60, 250)
ROW = np.array([[RED, GREEN, BLUE]], np.uint8)


def message(pixels, encoding, *, step=None, big_endian=False):
    """The message of (H, W) or (H, W, C) pixels whose rows are padded with 0xAA to `step`."""
    height, width = pixels.shape[:2]
    row = np.ascontiguousarray(pixels).view(np.uint8).reshape(height, -1)
    step = row.shape[1] if step is None else step
    data = np.full((height, step), 0xAA, np.uint8)
    data[:, : row.shape[1]] = row
    return Image(
        Header.at(5, "cam"), height, width, encoding, int(big_endian), step, data.tobytes()
    )


def alpha(pixels):
    return np.concatenate([pixels, np.full((*pixels.shape[:2], 1), 77, pixels.dtype)], axis=2)


@pytest.mark.parametrize(
    ("encoding", "pixels"),
    [
        ("rgb8", ROW),
        ("bgr8", ROW[..., ::-1]),
        ("8UC3", ROW[..., ::-1]),
        ("rgba8", alpha(ROW)),
        ("bgra8", alpha(ROW[..., ::-1])),
        ("8UC4", alpha(ROW[..., ::-1])),
        ("rgb16", ROW.astype(np.uint16) * 257),
        ("bgr16", ROW[..., ::-1].astype(np.uint16) * 257),
        ("rgba16", alpha(ROW.astype(np.uint16) * 257)),
        ("bgra16", alpha(ROW[..., ::-1].astype(np.uint16) * 257)),
    ],
)
@pytest.mark.parametrize("padding", [0, 5])
def test_colour_encodings_become_rgb(encoding, pixels, padding):
    msg = message(pixels, encoding, step=pixels[0].nbytes + padding)
    decoded = images.decode_image(msg)
    assert decoded.dtype == pixels.dtype
    np.testing.assert_array_equal(
        decoded, ROW * (decoded.dtype.type(257) if decoded.itemsize > 1 else 1)
    )
    np.testing.assert_array_equal(images.decode_picture(msg), ROW)


@pytest.mark.parametrize(
    ("encoding", "value", "grey"),
    [
        ("mono8", np.uint8(90), 90),
        ("8UC1", np.uint8(90), 90),
        ("mono16", np.uint16(65535), 255),
        ("mono16", np.uint16(90 * 257), 90),
        # Of 10 bits, since it fits: 257 of 1023.
        ("16UC1", np.uint16(257), 64),
    ],
)
def test_grey_encodings_become_equal_channels(encoding, value, grey):
    msg = message(np.full((2, 3), value), encoding)
    np.testing.assert_array_equal(images.decode_picture(msg), np.full((2, 3, 3), grey))


@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
@pytest.mark.parametrize(("bits", "dtype", "scale"), [(8, np.uint8, 1), (16, np.uint16, 257)])
def test_a_mosaic_of_one_colour_becomes_that_colour(pattern, bits, dtype, scale):
    of = dict(zip("rgb", RED, strict=True))
    tile = np.array([of[letter] for letter in pattern], dtype).reshape(2, 2) * dtype(scale)
    msg = message(np.tile(tile, (3, 4)), f"bayer_{pattern}{bits}")
    np.testing.assert_array_equal(images.decode_picture(msg), np.full((6, 8, 3), RED))


@pytest.mark.parametrize(
    ("encoding", "order"),
    [("yuv422", "uyvy"), ("uyvy", "uyvy"), ("yuv422_yuy2", "yuyv"), ("yuyv", "yuyv")],
)
def test_video_encodings_follow_bt_601(encoding, order):
    # BT.601, studio range: red is Y 81, U 90, V 240; white Y 235 and black Y 16 at U = V = 128.
    for (y, u, v), rgb in {
        (81, 90, 240): (255, 0, 0),
        (235, 128, 128): (255, 255, 255),
        (16, 128, 128): (0, 0, 0),
    }.items():
        of = {"y": y, "u": u, "v": v}
        pair = np.array([of[letter] for letter in order], np.uint8).reshape(1, 2, 2)
        decoded = images.decode_image(message(np.tile(pair, (2, 2, 1)), encoding))
        assert decoded.shape == (2, 4, 3)
        assert np.abs(decoded.astype(int) - rgb).max() <= 2


def test_video_encodings_refuse_an_odd_width():
    with pytest.raises(ImageError, match=r"3x2.*yuv422"):
        images.decode_image(message(np.zeros((2, 3, 2), np.uint8), "yuv422"))


def test_big_endian_numbers_are_swapped():
    value = np.full((1, 2), 0x1234, ">u2")
    labels = images.decode_label_image(message(value, "mono16", big_endian=True))
    assert labels.dtype == np.uint16
    assert labels.dtype.isnative
    assert labels.tolist() == [[0x1234, 0x1234]]
    decoded = images.decode_image(message(value, "mono16", big_endian=True))
    np.testing.assert_array_equal(decoded, np.full((1, 2, 3), 0x1234))


@pytest.mark.parametrize("padding", [0, 4])
def test_rgb_is_viewed_not_copied(padding):
    msg = message(ROW, "rgb8", step=ROW[0].nbytes + padding)
    assert np.shares_memory(images.decode_image(msg), np.frombuffer(msg.data, np.uint8))


@pytest.mark.parametrize(
    "broken",
    [
        {"data": b""},
        {"data": b"\x00" * 8},
        {"step": 8},
        {"step": 0},
        {"height": 0},
        {"width": 0},
        {"height": 2**32 - 1, "width": 2**32 - 1, "step": 2**32 - 1},
    ],
)
def test_fewer_bytes_than_declared_are_refused(broken):
    msg = message(ROW, "rgb8")
    for name, value in broken.items():
        setattr(msg, name, value)
    with pytest.raises(ImageError, match="expected"):
        images.decode_image(msg)


def test_an_unknown_encoding_names_the_known_ones(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv_bridge", None)
    with pytest.raises(UnknownEncodingError, match=r"rgb8, bgr8.*got 'yuv444'"):
        images.decode_image(message(ROW, "yuv444"))


@pytest.mark.parametrize("encoding", ["32FC1", "16SC1"])
def test_depths_are_no_pictures(encoding):
    with pytest.raises(UnknownEncodingError, match=rf"'{encoding}', which are depths.*pictures"):
        images.decode_image(message(ROW, encoding))


def test_cv_bridge_reads_what_the_table_lacks(monkeypatch):
    class CvBridge:
        def imgmsg_to_cv2(self, msg, desired_encoding):
            assert (msg.encoding, desired_encoding) == ("yuv444", "rgb8")
            return ROW

    monkeypatch.setitem(sys.modules, "cv_bridge", types.SimpleNamespace(CvBridge=CvBridge))
    np.testing.assert_array_equal(images.decode_image(message(ROW, "yuv444")), ROW)


def label_map(labels):
    confidence = np.arange(labels.size, dtype=np.uint8).reshape(labels.shape)
    return LabelMap("front", labels, confidence, 1_500_000_000, "cam")


LABELS = hnp.arrays(
    st.sampled_from([np.uint8, np.uint16]), st.tuples(st.integers(1, 9), st.integers(1, 9))
)


@given(LABELS)
def test_labels_come_back_from_both_transports(labels):
    labels_map = label_map(labels)
    for encode in (images.encode_labels, images.encode_labels_png):
        msg = encode(labels_map)
        decoded = images.decode_label_image(msg)
        assert decoded.dtype == labels.dtype
        np.testing.assert_array_equal(decoded, labels)
        assert (msg.header.stamp.sec, msg.header.stamp.nanosec) == (1, 500_000_000)
        assert msg.header.frame_id == "cam"


def test_label_messages_say_what_they_are():
    small, large = (label_map(np.zeros((2, 3), dtype)) for dtype in (np.uint8, np.uint16))
    assert images.encode_labels(small).encoding == "mono8"
    assert (images.encode_labels(large).encoding, images.encode_labels(large).step) == ("mono16", 6)
    assert images.encode_labels_png(small).format == "mono8; png compressed "
    assert images.encode_labels_png(large).format == "mono16; png compressed "


def test_encoding_copies_nothing():
    labels = np.zeros((4, 5), np.uint8)
    assert np.shares_memory(images.encode_labels(label_map(labels)).data, labels)


def test_confidence_is_mono8():
    msg = images.encode_confidence(label_map(np.zeros((2, 3), np.uint16)))
    assert (msg.encoding, msg.step, bytes(msg.data)) == ("mono8", 3, bytes(range(6)))


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
def test_rgb_comes_back(rgb):
    np.testing.assert_array_equal(images.decode_image(images.encode_rgb(rgb, 0, "cam")), rgb)


def test_a_cropped_image_is_encoded_without_its_surroundings():
    rgb = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    msg = images.encode_rgb(rgb[1:3, 1:4], 0, "cam")
    np.testing.assert_array_equal(images.decode_image(msg), rgb[1:3, 1:4])


@pytest.mark.parametrize("encoding", ["rgb8", "32FC1", "16SC1"])
def test_a_label_image_of_another_kind_is_refused(encoding):
    with pytest.raises(UnknownEncodingError, match="mono8"):
        images.decode_label_image(message(ROW, encoding))


def test_agrees_with_opencv_on_a_photograph_sized_image():
    bgr = cv2.resize(np.random.default_rng(1).integers(0, 256, (6, 8, 3), np.uint8), (320, 240))
    np.testing.assert_array_equal(
        images.decode_image(message(bgr, "bgr8")), cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    )
