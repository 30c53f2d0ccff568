"""Photographs are read as people see them, or refused with the mend."""

import struct

import cv2
import numpy as np
import pytest

from seg_perception.core.errors import ImageError
from seg_perception.io.photographs import PhotographReader


def picture():
    """Red left, green right, the upper row blue: no turn of it looks the same."""
    rgb = np.zeros((40, 60, 3), np.uint8)
    rgb[:, :30, 0] = rgb[:, 30:, 1] = 200
    rgb[:10] = (0, 0, 200)
    return rgb


def save(path, rgb, *parameters):
    cv2.imwrite(str(path), np.ascontiguousarray(rgb[..., ::-1]), parameters)
    return path


def read(path):
    return PhotographReader().read(path)


def with_orientation(path, value):
    """A JPEG with an EXIF tag 0x0112, as phones write it."""
    entry = struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, value, 0, 0)
    exif = b"Exif\0\0MM\0*" + struct.pack(">I", 8) + entry
    data = path.read_bytes()
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:])
    return path


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        # How the picture lies in the file, so that it is upright once the tag is applied.
        (1, lambda rgb: rgb),
        (3, lambda rgb: np.rot90(rgb, 2)),
        (6, lambda rgb: np.rot90(rgb, 1)),
        (8, lambda rgb: np.rot90(rgb, -1)),
        (2, lambda rgb: rgb[:, ::-1]),
    ],
)
def test_an_exif_orientation_is_applied(tmp_path, value, stored):
    path = save(tmp_path / "a.jpg", stored(picture()), cv2.IMWRITE_JPEG_QUALITY, 100)
    found = read(with_orientation(path, value))
    assert found.image.shape == (40, 60, 3)
    for row, column in ((5, 15), (25, 15), (25, 45)):
        assert np.abs(found.image[row, column].astype(int) - picture()[row, column]).max() < 12
    assert found.blank is None


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("ending", [".png", ".tiff"])
def test_16_bits_are_read_by_how_many_they_hold(tmp_path, bits, ending):
    deep = (picture().astype(np.uint32) * ((1 << bits) - 1) // 200).astype(np.uint16)
    path = tmp_path / f"a{ending}"
    cv2.imwrite(str(path), np.ascontiguousarray(deep[..., ::-1]))
    assert read(path).image[25, 15].tolist() == [255, 0, 0]
    assert read(path).image.dtype == np.uint8


def test_a_dark_one_of_16_bits_stays_dark_beside_its_neighbours(tmp_path):
    for name, level in (("bright", 4000), ("dark", 500)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((4, 4), level, np.uint16))
    reader = PhotographReader()
    levels = [int(reader.read(tmp_path / f"{n}.png").image[0, 0, 0]) for n in ("bright", "dark")]
    assert levels == [249, 31]


def test_grey_has_three_equal_channels(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((4, 6), 77, np.uint8))
    assert np.array_equal(read(tmp_path / "a.png").image, np.full((4, 6, 3), 77))


def test_what_is_transparent_is_blank(tmp_path):
    alpha = np.full((40, 60), 255, np.uint8)
    alpha[:, 50:] = 0
    alpha[:, 49] = 128
    bgra = np.dstack([picture()[..., ::-1], alpha])
    cv2.imwrite(str(tmp_path / "a.png"), bgra)
    found = read(tmp_path / "a.png")
    assert found.image[25, 15].tolist() == [200, 0, 0]
    assert np.array_equal(found.blank, alpha == 0)
    cv2.imwrite(str(tmp_path / "b.png"), np.dstack([bgra[..., :3], np.full((40, 60), 255)]))
    assert read(tmp_path / "b.png").blank is None


def test_other_codings_are_read(tmp_path):
    for ending in (".webp", ".bmp", ".tif"):
        found = read(save(tmp_path / f"a{ending}", picture(), cv2.IMWRITE_WEBP_QUALITY, 101))
        assert np.abs(found.image.astype(int) - picture()).max() < 4, ending


def test_numbers_with_a_point_and_rubbish_are_refused(tmp_path):
    cv2.imwrite(str(tmp_path / "a.tiff"), np.full((4, 6, 3), 0.5, np.float32))
    with pytest.raises(ImageError, match=r"expected 8 or 16 bits a channel, got float32; save it"):
        read(tmp_path / "a.tiff")
    (tmp_path / "b.png").write_bytes(b"no image")
    with pytest.raises(ImageError, match=r"b\.png: can't be decoded as an image"):
        read(tmp_path / "b.png")
