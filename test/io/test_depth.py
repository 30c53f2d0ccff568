"""Depth images as drivers and compressed_depth_image_transport send them."""

from __future__ import annotations

import struct
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from seg_perception.core.errors import ImageError, UnknownEncodingError
from seg_perception.io.depth import decode_depth


def raw(values: np.ndarray, encoding: str, *, big: bool = False, padding: int = 0) -> Any:
    """A sensor_msgs/Image; rows may be padded."""
    sent = values.astype(values.dtype.newbyteorder(">" if big else "<"))
    rows = sent.view(np.uint8).reshape(len(values), -1)
    rows = np.pad(rows, ((0, 0), (0, padding)))
    return SimpleNamespace(
        encoding=encoding,
        height=values.shape[0],
        width=values.shape[1],
        step=rows.shape[1],
        is_bigendian=int(big),
        data=rows.tobytes(),
    )


class RvlWriter:
    """The encoder of compressed_depth_image_transport (rvl_codec.cpp), number by number."""

    def __init__(self) -> None:
        self.nibbles: list[int] = []

    def number(self, value: int) -> None:
        while True:
            nibble, value = value & 7, value >> 3
            self.nibbles.append(nibble | (8 if value else 0))
            if not value:
                return

    def image(self, pixels: list[int]) -> bytes:
        at = previous = 0
        while at < len(pixels):
            zeros = at
            while at < len(pixels) and pixels[at] == 0:
                at += 1
            self.number(at - zeros)
            end = at
            while end < len(pixels) and pixels[end] != 0:
                end += 1
            self.number(end - at)
            for value in pixels[at:end]:
                delta, previous = value - previous, value
                self.number((delta << 1) ^ (delta >> 31))
            at = end
        padded = self.nibbles + [0] * (-len(self.nibbles) % 8)
        words = ["".join(f"{n:x}" for n in padded[i : i + 8]) for i in range(0, len(padded), 8)]
        return b"".join(struct.pack("<I", int(word, 16)) for word in words)


def compressed(values: np.ndarray, name: str, a: float = 0.0, b: float = 0.0) -> Any:
    header = struct.pack("<iff", 0, a, b)
    if "rvl" in name:
        height, width = values.shape
        body = struct.pack("<II", width, height) + RvlWriter().image(values.reshape(-1).tolist())
    else:
        body = cv2.imencode(".png", values)[1].tobytes()
    return SimpleNamespace(format=name, data=header + body)


DEPTHS = np.array([[0, 1500, 1501, 65535], [700, 0, 0, 1]], np.uint16)


@pytest.mark.parametrize("encoding", ["16UC1", "mono16"])
@pytest.mark.parametrize("big", [False, True])
def test_raw_depths_of_16_bits(encoding, big):
    found = decode_depth(raw(DEPTHS, encoding, big=big, padding=6))
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found, DEPTHS)


@pytest.mark.parametrize("big", [False, True])
def test_raw_depths_of_floats(big):
    values = np.array([[0.5, np.nan, np.inf]], np.float32)
    found = decode_depth(raw(values, "32FC1", big=big))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize(
    "name",
    [
        "16UC1; compressedDepth png",
        "16UC1; compressedDepth rvl",
        # Older senders.
        "16UC1; compressedDepth",
        "16UC1",
    ],
)
def test_compressed_depths_of_16_bits(name):
    np.testing.assert_array_equal(decode_depth(compressed(DEPTHS, name)), DEPTHS)


@pytest.mark.parametrize("codec", ["png", "rvl"])
def test_compressed_floats_are_inverse_depths(codec):
    # depth = a / (value - b): 100 / (51 - 1) = 2 m, 100 / (401 - 1) = 0.25 m.
    values = np.array([[51, 0, 401]], np.uint16)
    found = decode_depth(compressed(values, f"32FC1; compressedDepth {codec}", 100.0, 1.0))
    np.testing.assert_allclose(found, [[2.0, np.nan, 0.25]])


@settings(max_examples=200, deadline=None)
@given(
    arrays(
        np.uint16,
        st.tuples(st.integers(1, 9), st.integers(1, 9)),
        elements=st.sampled_from([0, 0, 1, 7, 1500, 1501, 40000, 65535]),
    )
)
def test_whatever_rvl_encodes_is_decoded(values):
    found = decode_depth(compressed(values, "16UC1; compressedDepth rvl"))
    np.testing.assert_array_equal(found, values)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_rvl_is_refused_or_read_and_never_more(data):
    message = compressed(DEPTHS, "16UC1; compressedDepth rvl")
    damaged = bytearray(message.data)
    at = data.draw(st.integers(20, len(damaged) - 1))
    damaged[at] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(13, len(damaged)))
    message.data = bytes(damaged[:end])
    with suppress(ImageError):
        assert decode_depth(message).shape == DEPTHS.shape


def test_an_image_without_any_depth_takes_a_few_bytes():
    message = compressed(np.zeros((720, 1280), np.uint16), "16UC1; compressedDepth rvl")
    assert len(message.data) < 40
    assert not decode_depth(message).any()


def declared(width: int, height: int) -> Any:
    body = struct.pack("<iff", 0, 0, 0) + struct.pack("<II", width, height) + bytes(8)
    return SimpleNamespace(format="16UC1; compressedDepth rvl", data=body)


@pytest.mark.parametrize(
    ("message", "error", "words"),
    [
        (raw(DEPTHS.view(np.uint8), "mono8"), UnknownEncodingError, "got 'mono8'"),
        (raw(DEPTHS.astype("f8"), "64FC1"), UnknownEncodingError, "got '64FC1'"),
        (compressed(DEPTHS, "rgb8; jpeg compressed bgr8"), UnknownEncodingError, "compressedDepth"),
        (compressed(DEPTHS, "16UC1; compressedDepth zstd"), UnknownEncodingError, "zstd"),
        (compressed(DEPTHS.view(np.uint8), "16UC1; compressedDepth png"), ImageError, "16 bits"),
        (declared(1 << 20, 1 << 20), ImageError, "1048576x1048576"),
        (declared(0, 4), ImageError, "0x4"),
        (SimpleNamespace(format="16UC1; compressedDepth png", data=b"123"), ImageError, "3 bytes"),
    ],
)
def test_what_are_no_depths_is_refused_in_a_sentence(message, error, words):
    with pytest.raises(error, match=words):
        decode_depth(message)
