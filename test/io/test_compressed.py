import struct
import zlib

import cv2
import numpy as np
import pytest

from seg_perception.core.errors import ImageError, UnknownEncodingError
from seg_perception.io import images
from seg_perception.io.compressed import read_header
from seg_perception.io.messages import CompressedImage

RGB = cv2.resize(np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8), (64, 48))


def compressed(extension, pixels, name=""):
    _, file = cv2.imencode(extension, pixels)
    return CompressedImage(format=name or extension[1:], data=file.tobytes())


def png_chunk(kind, content):
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def png_that_declares(width, height):
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def with_exif_orientation(jpeg, orientation):
    tiff = b"II*\x00\x08\x00\x00\x00\x01\x00" + struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    app1 = b"Exif\x00\x00" + tiff + bytes(4)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(app1) + 2) + app1 + jpeg[2:]


def test_a_png_comes_back_exactly():
    msg = compressed(".png", RGB[..., ::-1], "bgr8; png compressed bgr8")
    np.testing.assert_array_equal(images.decode_compressed_image(msg), RGB)


def test_a_jpeg_comes_back_nearly():
    decoded = images.decode_compressed_image(compressed(".jpg", RGB[..., ::-1]))
    assert np.abs(decoded.astype(int) - RGB).mean() < 3


@pytest.mark.parametrize("pixels", [RGB, RGB[..., 0]], ids=["colour", "grey"])
@pytest.mark.parametrize("has_straight", [True, False], ids=["new OpenCV", "old OpenCV"])
def test_a_jpeg_gives_the_pixels_of_opencv_with_red_first(monkeypatch, pixels, has_straight):
    if not has_straight:
        monkeypatch.delattr(cv2, "IMREAD_COLOR_RGB", raising=False)
    msg = compressed(".jpg", pixels)
    bgr = cv2.imdecode(np.frombuffer(msg.data, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(images.decode_compressed_image(msg), bgr[..., ::-1])


@pytest.mark.parametrize("padding", [0, 10, 100_000])
def test_a_jpeg_may_be_followed_by_padding(padding):
    msg = compressed(".jpg", RGB)
    padded = CompressedImage(format="jpeg", data=msg.data + bytes(padding))
    decoded = images.decode_compressed_image(padded)
    np.testing.assert_array_equal(decoded, images.decode_compressed_image(msg))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_of_16_bits_keeps_them(channels):
    deep = RGB[..., 0].astype(np.uint16) * 16 if channels == 1 else RGB.astype(np.uint16) * 16
    msg = compressed(".png", deep if channels == 1 else deep[..., ::-1], "mono16; png compressed ")
    decoded = images.decode_compressed_image(msg)
    assert decoded.dtype == np.uint16
    np.testing.assert_array_equal(decoded, np.broadcast_to(deep.reshape(48, 64, -1), RGB.shape))
    # 255 * 16 = 4080 fits into 12 bits: 255 / 4095 of it.
    expected = np.round(decoded * (255 / 4095))
    np.testing.assert_array_equal(images.decode_picture(msg), expected)


def test_grey_files_become_rgb():
    decoded = images.decode_compressed_image(compressed(".png", RGB[..., 0]))
    np.testing.assert_array_equal(decoded, RGB[..., :1].repeat(3, axis=2))


def test_the_camera_orientation_is_not_applied():
    msg = compressed(".jpg", RGB)
    msg.data = with_exif_orientation(msg.data, 6)
    assert cv2.imdecode(np.frombuffer(msg.data, np.uint8), cv2.IMREAD_COLOR).shape == (64, 48, 3)
    assert images.decode_compressed_image(msg).shape == (48, 64, 3)


def test_a_thumbnail_is_not_taken_for_the_image():
    msg = compressed(".jpg", RGB)
    thumbnail = compressed(".jpg", RGB[:8, :8]).data
    app1 = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    msg.data = msg.data[:2] + app1 + msg.data[2:]
    assert images.decode_compressed_image(msg).shape == RGB.shape
    msg.data = msg.data[:-40]
    with pytest.raises(ImageError, match="cut off"):
        images.decode_compressed_image(msg)


@pytest.mark.parametrize("extension", [".jpg", ".png"])
@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.9, 0.99])
def test_a_cut_off_file_is_refused(extension, share):
    msg = compressed(extension, RGB)
    msg.data = msg.data[: int(len(msg.data) * share)]
    with pytest.raises(ImageError):
        images.decode_compressed_image(msg)


def test_a_png_with_a_flipped_bit_is_refused():
    msg = compressed(".png", RGB)
    broken = bytearray(msg.data)
    broken[len(broken) // 2] ^= 1
    msg.data = bytes(broken)
    with pytest.raises(ImageError, match="damaged"):
        images.decode_compressed_image(msg)


@pytest.mark.parametrize(("width", "height"), [(60000, 60000), (0, 5), (2**31 - 1, 2**31 - 1)])
def test_a_file_that_declares_an_absurd_size_is_refused_undecoded(width, height):
    msg = CompressedImage(format="png", data=png_that_declares(width, height))
    with pytest.raises(ImageError, match=f"declares {width}x{height}"):
        images.decode_compressed_image(msg)


def test_a_picture_of_few_bits_may_hold_more_pixels_a_byte():
    """1024 x 1024 pixels of one bit are 128 KB of rows, which deflate packs into 160 bytes."""
    rows = (b"\0" + bytes(128)) * 1024
    head = struct.pack(">IIBBBBB", 1024, 1024, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)
    assert 1032 * len(data) < 1 << 20
    assert images.decode_compressed_image(CompressedImage(format="png", data=data)).max() == 0


@pytest.mark.parametrize("data", [b"", b"RIFF....WEBPVP8 ", b"\x00" * 12 + b"\x89PNG\r\n\x1a\n"])
def test_other_files_are_refused_by_name(data):
    with pytest.raises(UnknownEncodingError, match=r"expected a JPEG or PNG.*'compressedDepth'"):
        images.decode_compressed_image(CompressedImage(format="compressedDepth", data=data))


def test_labels_in_a_jpeg_are_refused():
    with pytest.raises(ImageError, match="alters labels"):
        images.decode_label_image(compressed(".jpg", RGB[..., 0]))


def test_labels_in_colours_are_refused():
    with pytest.raises(ImageError, match="one channel"):
        images.decode_label_image(compressed(".png", RGB))


def test_a_small_file_that_declares_a_large_picture_is_refused():
    _, file = cv2.imencode(".png", np.zeros((4, 4), np.uint8))
    data = bytearray(file.tobytes())
    data[16:24] = struct.pack(">II", 8000, 8000)
    with pytest.raises(ImageError, match=r"1 to \d+ pixels in \d+ bytes, the file declares 8000x"):
        read_header(np.frombuffer(data, np.uint8), "png")


def test_a_png_whose_chunk_declares_more_than_the_file_holds_is_refused_before_decoding():
    """OpenCV allocates what a chunk declares: 90 bytes took 8 seconds."""
    _, file = cv2.imencode(".png", np.zeros((4, 4), np.uint8))
    data = bytearray(file.tobytes())
    data[33:37] = struct.pack(">I", 0xFFFFFF00)
    with pytest.raises(ImageError, match="cut off"):
        read_header(np.frombuffer(data, np.uint8), "png")


@pytest.mark.parametrize(
    ("data", "kind", "transport"),
    [
        (compressed(".webp", RGB).data, "WebP", "compressed"),
        (compressed(".tiff", RGB).data, "TIFF", "compressed"),
        (compressed(".jp2", RGB).data, "JPEG 2000", "compressed"),
        (b"\x28\xb5\x2f\xfd\x04\x00", "zstd", "zstd"),
        (b"GIF89a", "GIF", "compressed"),
    ],
)
def test_another_file_is_named_with_who_can_turn_it_into_pixels(data, kind, transport):
    mend = f"image_transport republish --ros-args -p in_transport:={transport}"
    with pytest.raises(UnknownEncodingError, match=f"got {kind} \\('webp'\\); .*{mend}"):
        images.decode_compressed_image(CompressedImage(format="webp", data=data))
