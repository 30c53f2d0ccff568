"""How images become the network's pictures, and its answers maps of the images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from seg_perception.inference.preprocessing import Resize, make_preprocessing

NETWORK = (8, 4)


def ramp(width: int, height: int) -> np.ndarray:
    """Red is the column, in pairs, green the row."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = np.arange(width) // 2 * 2
    image[..., 1] = np.arange(height)[:, None]
    return image


def test_an_image_of_the_networks_size_passes_as_it_is() -> None:
    image = ramp(*NETWORK)
    for mode in ("stretch", "fit", "crop"):
        preprocessing = make_preprocessing(NETWORK, Resize(mode=mode))
        assert np.array_equal(preprocessing.prepare(image), image)
        labels = np.arange(32, dtype=np.uint8).reshape(4, 8)
        assert np.array_equal(preprocessing.restore(labels, NETWORK, 255), labels)


def test_stretch_gives_up_the_proportions() -> None:
    """16x4 onto 8x4: columns are merged by two, rows stay."""
    picture = make_preprocessing(NETWORK, Resize(filter="area")).prepare(ramp(16, 4))
    assert np.array_equal(picture[0, :, 0], [0, 2, 4, 6, 8, 10, 12, 14])
    assert np.array_equal(picture[:, 0, 1], [0, 1, 2, 3])


@pytest.mark.parametrize(("place", "top"), [("middle", 1), ("corner", 0)])
def test_fit_pads_what_is_left(place: Any, top: int) -> None:
    """16x4 onto 8x4: half the size is 8x2, so two rows are free."""
    preprocessing = make_preprocessing(
        NETWORK, Resize(mode="fit", filter="area", padding=(7, 8, 9), place=place)
    )
    picture = preprocessing.prepare(ramp(16, 4))
    assert np.array_equal(picture[top, :, 0], [0, 2, 4, 6, 8, 10, 12, 14])
    free = np.delete(picture, [top, top + 1], axis=0)
    assert (free == (7, 8, 9)).all()
    labels = np.arange(32, dtype=np.uint8).reshape(4, 8)
    restored = preprocessing.restore(labels, (16, 4), 255)
    assert np.array_equal(restored, labels[top : top + 2])


def test_crop_sees_the_middle_and_says_that_the_rest_is_unknown() -> None:
    """16x4 onto 8x4 at scale 1: columns 4 to 11."""
    preprocessing = make_preprocessing(NETWORK, Resize(mode="crop"))
    picture = preprocessing.prepare(ramp(16, 4))
    assert np.array_equal(picture[0, :, 0], [4, 4, 6, 6, 8, 8, 10, 10])
    restored = preprocessing.restore(np.ones((4, 8), np.uint8), (16, 4), 255)
    assert restored.shape == (4, 16)
    assert (restored[:, 4:12] == 1).all()
    assert (np.delete(restored, np.arange(4, 12), axis=1) == 255).all()


@pytest.mark.parametrize("mode", ["fit", "crop"])
@pytest.mark.parametrize("size", [(1, 1), (3, 100), (100, 3), (9, 5), (1920, 1200)])
def test_maps_have_the_images_proportions(mode: Any, size: tuple[int, int]) -> None:
    """To the rounding of a pixel: the lens is scaled by the size alone."""
    preprocessing = make_preprocessing(NETWORK, Resize(mode=mode))
    picture = preprocessing.prepare(np.zeros((size[1], size[0], 3), np.uint8))
    assert picture.shape == (4, 8, 3)
    restored = preprocessing.restore(np.zeros((4, 8), np.uint8), size, 255)
    assert restored.shape[::-1] == preprocessing.scaled(size)
    factors = NETWORK[0] / size[0], NETWORK[1] / size[1]
    factor = min(factors) if mode == "fit" else max(factors)
    for got, wanted in zip(restored.shape[::-1], size, strict=True):
        assert abs(got - wanted * factor) <= max(0.5, 1 - wanted * factor)


def test_a_colour_beyond_a_byte_is_refused() -> None:
    with pytest.raises(ValidationError):
        Resize(padding=(0, 0, 256))
