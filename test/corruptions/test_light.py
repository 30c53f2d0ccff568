import numpy as np
import pytest

from seg_perception.corruptions.light import add_noise, darken, expose, haze


def grey(value: int, shape: tuple[int, int] = (120, 160)) -> np.ndarray:
    return np.full((*shape, 3), value, np.uint8)


def test_light_is_multiplied_and_white_is_the_most() -> None:
    assert np.unique(expose(grey(100), 0.15)).tolist() == [15]
    assert np.unique(expose(grey(100), 2.4)).tolist() == [240]
    assert np.unique(expose(grey(110), 2.4)).tolist() == [255]


def test_noise_has_its_deviation_and_a_channel_its_own() -> None:
    noisy = add_noise(grey(128), 0.04, np.random.default_rng(1)).astype(float)
    assert noisy.std() == pytest.approx(0.04 * 255, rel=0.03)
    assert np.corrcoef(noisy[..., 0].ravel(), noisy[..., 1].ravel())[0, 1] == pytest.approx(
        0, abs=0.03
    )
    alike = add_noise(grey(128), 0.04, np.random.default_rng(1), colour=False)
    assert np.array_equal(alike[..., 0], alike[..., 2])


def test_noise_does_not_get_less_with_the_light() -> None:
    dark = darken(grey(200), 0.25, 0.02, np.random.default_rng(2)).astype(float)
    assert dark.mean() == pytest.approx(50, abs=0.2)
    assert dark.std() == pytest.approx(0.02 * 255, rel=0.05)


def test_no_noise_is_the_picture_itself() -> None:
    image = grey(7)
    assert add_noise(image, 0.0, np.random.default_rng(0)) is image


def test_haze_lies_at_the_top_and_not_at_the_foot() -> None:
    hazy = haze(grey(15, (11, 4)), 0.5)[:, 0, 0]
    # 15 * 0.5 + 215 * 0.5 at the top, 15 * 0.75 + 215 * 0.25 in the middle.
    assert [hazy[0], hazy[5], hazy[10]] == [115, 65, 15]
