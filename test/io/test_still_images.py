"""Images decoded as small as the network lets them be."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from seg_perception.core.errors import SizeMismatchError
from seg_perception.core.types import Calibration
from seg_perception.io.compressed import reduction, sent_size
from seg_perception.io.images import decode_image, encode_pixels
from seg_perception.io.still_images import FullDecoder, ReducedDecoder, make_decoder

WIDTH, HEIGHT = 64, 48
LENS = Calibration(WIDTH, HEIGHT, np.array([[40.0, 0, 31.5], [0, 40, 23.5], [0, 0, 1]]))


def picture(width=WIDTH, height=HEIGHT):
    """Red on the left, green on the right, darker below."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, : width // 2, 0] = image[:, width // 2 :, 1] = 200
    image[height // 2 :] //= 2
    return image


def message(image, ending=".jpg"):
    done, data = cv2.imencode(ending, image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 100])
    assert done
    return SimpleNamespace(format=ending[1:], data=data.tobytes())


@pytest.mark.parametrize(
    ("size", "least", "factor"),
    [
        ((1920, 1200), (512, 288), 2),  # a quarter is 480 wide
        ((2048, 1152), (512, 288), 4),
        ((4096, 2304), (512, 288), 8),
        ((1022, 800), (512, 288), 1),
        ((1025, 800), (512, 288), 1),  # odd
        ((1920, 600), (512, 512), 1),  # too low
        ((512, 288), (512, 288), 1),
    ],
)
def test_the_most_that_leaves_the_networks_size(size, least, factor):
    assert reduction(size, least) == factor


def test_a_jpeg_is_the_mean_of_its_pixels():
    got = ReducedDecoder((20, 20)).decode(message(picture()))
    assert got.shape == (24, 32, 3)
    halved = cv2.resize(picture(), (32, 24), interpolation=cv2.INTER_AREA)
    away = np.abs(got.astype(int) - halved)
    assert np.median(away) <= 2
    assert away[:10, :14].max() <= 4  # where all is one colour: red, not blue


def test_a_quarter_where_that_is_enough():
    assert ReducedDecoder((16, 12)).decode(message(picture())).shape == (12, 16, 3)


def test_png_and_raw_images_come_in_full():
    decoder, image = ReducedDecoder((16, 12)), picture()
    raw = encode_pixels(image, "rgb8", 1, "optical")
    for sent in (message(image, ".png"), raw):
        np.testing.assert_array_equal(decoder.decode(sent), image)
        assert decoder.lens(LENS, sent, image, "front") is LENS
    np.testing.assert_array_equal(decode_image(raw), image)


def test_the_lens_shrinks_with_the_pixels():
    """u' + 0.5 = (u + 0.5) / 2: the axis at 31.5 is at 15.5, and 40 pixels are 20."""
    sent = message(picture())
    decoder = ReducedDecoder((20, 20))
    lens = decoder.lens(LENS, sent, decoder.decode(sent), "front")
    assert (lens.width, lens.height) == (32, 24)
    np.testing.assert_allclose(lens.k, [[20, 0, 15.5], [0, 20, 11.5], [0, 0, 1]])
    assert decoder.lens(None, sent, decoder.decode(sent), "front") is None


@pytest.mark.parametrize(("width", "height"), [(128, 96), (32, 24), (96, 48)])
def test_sizes_are_compared_as_they_were_sent(width, height):
    """Also where the reduced pixels are as many as the lens has."""
    sent = message(picture(width, height))
    decoder = ReducedDecoder((16, 12))
    with pytest.raises(SizeMismatchError, match=f"{width}x{height}.*64x48"):
        decoder.lens(LENS, sent, decoder.decode(sent), "front")


def test_a_packet_of_video_has_the_lens_of_its_picture():
    packet = SimpleNamespace(format="h264", data=b"\0\0\0\1\x67\x42")
    assert ReducedDecoder((16, 12)).lens(LENS, packet, picture(), "front") is LENS
    assert sent_size(np.frombuffer(packet.data, np.uint8)) is None


def test_all_pixels_by_default():
    assert isinstance(make_decoder(None), FullDecoder)
    assert isinstance(make_decoder((2, 2)), ReducedDecoder)
    np.testing.assert_allclose(FullDecoder().decode(message(picture())).shape, (48, 64, 3))
