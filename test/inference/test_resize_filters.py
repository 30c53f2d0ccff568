"""Filters, against Pillow's, which torchvision and the authors of most models use."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from seg_perception.inference.resize_filters import resize


def photograph(width: int, height: int) -> np.ndarray:
    """Edges, texture and noise, as a picture of leaves has them."""
    random = np.random.default_rng(3)
    coarse = random.integers(0, 255, (height // 40 + 1, width // 40 + 1, 3), np.uint8)
    blocks = np.kron(coarse, np.ones((40, 40, 1), np.uint8))[:height, :width]
    noise = random.normal(0, 25, (height, width, 3))
    return np.clip(blocks + noise, 0, 255).astype(np.uint8)


def pillow(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))


@pytest.mark.parametrize(
    ("size", "network"),
    [
        ((1920, 1200), (512, 288)),
        ((1920, 1200), (1024, 512)),
        ((2048, 1536), (512, 288)),
        ((960, 540), (512, 288)),
        ((640, 480), (512, 512)),
        ((1242, 375), (512, 288)),
    ],
)
def test_antialias_is_nearer_to_pillow_than_areas_and_far_nearer_than_linear(
    size: tuple[int, int], network: tuple[int, int]
) -> None:
    image = photograph(*size)
    wanted = pillow(image, network).astype(int)
    off = {
        name: float(np.abs(resize(image, network, name).astype(int) - wanted).mean())
        for name in ("antialias", "area", "linear")
    }
    assert off["antialias"] <= off["area"]
    assert off["antialias"] <= off["linear"]
    if size[0] >= 1.8 * network[0]:
        assert off["antialias"] < 0.5 * off["linear"]


@pytest.mark.parametrize(
    ("size", "network"),
    [
        ((1920, 1200), (512, 288)),
        ((1242, 375), (512, 288)),
        ((640, 480), (512, 512)),
        ((640, 480), (100, 960)),
        ((60, 40), (90, 70)),
        ((7, 5), (64, 3)),
    ],
)
def test_bicubic_is_pillows_to_a_rounding(size: tuple[int, int], network: tuple[int, int]) -> None:
    """Pillow rounds and clips between its two passes; without noise there is no more to clip."""
    image = photograph(*size)
    wanted = np.asarray(Image.fromarray(image).resize(network, Image.Resampling.BICUBIC))
    off = np.abs(resize(image, network, "bicubic").astype(int) - wanted)
    assert off.mean() < 0.25
    assert (off <= 1).mean() > 0.99
    calm = cv2.GaussianBlur(image, (0, 0), 3) // 2 + 60
    wanted = np.asarray(Image.fromarray(calm).resize(network, Image.Resampling.BICUBIC))
    assert np.abs(resize(calm, network, "bicubic").astype(int) - wanted).max() <= 1


def test_bicubic_of_opencv_is_not_pillows() -> None:
    """What the other test would not let pass."""
    image = photograph(1920, 1200)
    wanted = np.asarray(Image.fromarray(image).resize((512, 288), Image.Resampling.BICUBIC))
    other = cv2.resize(image, (512, 288), interpolation=cv2.INTER_CUBIC)
    assert np.abs(other.astype(int) - wanted).mean() > 10


@pytest.mark.parametrize("name", ["linear", "antialias", "area", "bicubic"])
def test_an_even_image_stays_even_and_its_middle_in_the_middle(name: Any) -> None:
    grey = np.full((75, 101, 3), 200, np.uint8)
    assert (resize(grey, (33, 20), name) == 200).all()
    # A ramp of 2 a column keeps its value at the half-pixel centres: (c + 0.5) * 3 - 0.5.
    across = np.repeat((2 * np.arange(120, dtype=np.uint8))[None, :, None], 60, axis=0)
    ramp = np.repeat(across, 3, axis=2)
    got = resize(ramp, (40, 20), name)[10, 5:35, 0].astype(float)
    assert np.abs(got - 2 * ((np.arange(5, 35) + 0.5) * 3 - 0.5)).max() <= 1


def test_enlarging_does_not_smooth() -> None:
    image = photograph(60, 40)
    assert np.array_equal(resize(image, (90, 70), "antialias"), resize(image, (90, 70), "linear"))


def test_the_same_size_is_the_same_image() -> None:
    image = photograph(80, 40)
    assert resize(image, (80, 40), "antialias") is image
