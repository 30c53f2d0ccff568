import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seg_perception.training.config import AugmentationConfig
from seg_perception.training.photometric_augmentation import (
    augment_photometry,
    diversify,
    to_infrared,
    turn_hue,
)


def pixel(*rgb: int) -> np.ndarray:
    return np.full((4, 4, 3), rgb, np.uint8)


def test_a_third_of_a_turn_of_the_hue_exchanges_the_channels() -> None:
    turned = turn_hue(pixel(200, 30, 60), 2 * np.pi / 3)[0, 0].tolist()
    assert turned == pytest.approx([60, 200, 30], abs=1)


def test_grey_has_no_hue() -> None:
    assert turn_hue(pixel(90, 90, 90), 1.0)[0, 0].tolist() == pytest.approx([90] * 3, abs=1)


def test_leaves_are_bright_and_the_sky_is_dark_in_infrared() -> None:
    leaf, sky = to_infrared(pixel(60, 110, 40)), to_infrared(pixel(120, 150, 230))
    # 0.2 R + 1.3 G - 0.5 B
    assert leaf[0, 0].tolist() == [135] * 3
    assert sky[0, 0].tolist() == [104] * 3


def test_cells_change_colour_but_keep_what_is_in_them() -> None:
    rng = np.random.default_rng(1)
    ramp = np.broadcast_to(np.arange(64, 192, 2, dtype=np.uint8)[None, :, None], (48, 64, 3)).copy()
    one = diversify(ramp, 1, rng)
    # One cell: a straight line of the old values, the order is kept.
    assert (np.diff(one[0, :, 0].astype(int)) >= 0).all()
    assert not np.array_equal(one, ramp)
    many = diversify(ramp, 9, rng)
    assert (np.diff(many[0, :, 0].astype(int)) < 0).any()
    assert many.shape == ramp.shape


def test_the_same_seed_gives_the_same_picture() -> None:
    config = AugmentationConfig(voronoi=1, hue_rad=0.3, infrared=0.2)
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    first, second = (augment_photometry(image, config, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(first, second)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_every_strength_gives_bytes_of_the_same_shape(seed: int) -> None:
    config = AugmentationConfig(voronoi=0.5, hue_rad=3.0, infrared=0.3, grey=0.3, noise=0.2)
    image = np.full((17, 23, 3), 128, np.uint8)
    varied = augment_photometry(image, config, np.random.default_rng(seed))
    assert varied.shape == image.shape
    assert varied.dtype == np.uint8


QUIET = {
    "brightness": 0, "contrast": 0, "gamma": 1, "colour": 0, "saturation": 0, "grey": 0,
    "blur": 0, "noise": 0,
}  # fmt: skip


def varied(image: np.ndarray, **keys: float) -> np.ndarray:
    return augment_photometry(image, AugmentationConfig(**QUIET, **keys), np.random.default_rng(3))


def test_darkness_keeps_its_noise_and_each_channel_has_its_own() -> None:
    dark = varied(np.full((80, 80, 3), 200, np.uint8), darkness=1, darkness_noise=0.05)
    assert dark.mean() < 0.72 * 200
    spread = dark.astype(float)
    assert spread.std(axis=(0, 1)).min() > 1
    assert abs(np.corrcoef(spread[..., 0].ravel(), spread[..., 1].ravel())[0, 1]) < 0.1


@pytest.mark.parametrize("key", ["motion_blur", "jpeg", "haze", "drops", "dirt"])
def test_each_imitation_happens_at_probability_1_and_not_at_0(key: str) -> None:
    image = np.random.default_rng(1).integers(0, 256, (72, 128, 3), dtype=np.uint8)
    assert not np.array_equal(varied(image, **{key: 1}), image)
    assert np.array_equal(varied(image, **{key: 0}), image)


def test_a_key_at_0_changes_no_other_keys_draws() -> None:
    image = np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    alone = AugmentationConfig(hue_rad=0.4)
    beside = AugmentationConfig(hue_rad=0.4, motion_blur_px=30, jpeg_quality=3, haze=0)
    first, second = (
        augment_photometry(image, c, np.random.default_rng(9)) for c in (alone, beside)
    )
    assert np.array_equal(first, second)
