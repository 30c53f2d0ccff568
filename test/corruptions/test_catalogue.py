import numpy as np
import pytest

from seg_perception.core.errors import ConfigError
from seg_perception.corruptions.catalogue import CORRUPTIONS, STRENGTHS, corruptions_named


def scene(width: int = 64) -> np.ndarray:
    """A bright sky over textured ground."""
    rng = np.random.default_rng(0)
    image = np.full((width * 9 // 16, width, 3), (150, 180, 220), np.uint8)
    image[len(image) // 2 :] = rng.integers(30, 140, (len(image) - len(image) // 2, width, 3))
    return image


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_each_strength_changes_more_and_the_same_key_changes_alike(name: str) -> None:
    corruption, image = CORRUPTIONS[name], scene(512)
    kept = image.copy()
    spoilt = [corruption.apply(image, strength, "0017") for strength in STRENGTHS]
    changes = [float(np.abs(s.astype(int) - image).mean()) for s in spoilt]
    assert changes[0] > 0.1
    assert changes == sorted(changes)
    assert changes[4] > 1.2 * changes[0], changes
    assert np.array_equal(corruption.apply(image, 3, "0017"), spoilt[2])
    assert np.array_equal(image, kept)
    assert all(s.dtype == np.uint8 and s.shape == image.shape for s in spoilt)


@pytest.mark.parametrize("name", ["noise", "rain_drops", "dirt", "motion_blur", "darkness"])
def test_what_is_random_differs_from_picture_to_picture(name: str) -> None:
    image = scene()
    first, second = (CORRUPTIONS[name].apply(image, 4, key) for key in ("a", "b"))
    assert not np.array_equal(first, second)


def test_strength_0_is_the_picture_itself() -> None:
    image = scene()
    assert CORRUPTIONS["jpeg"].apply(image, 0, "a") is image


def test_lengths_grow_with_the_picture() -> None:
    seen = []
    corruption = CORRUPTIONS["defocus"]
    for width in (512, 1024):
        line = np.zeros((16, width, 3), np.uint8)
        line[:, width // 2] = 255
        seen.append(int((corruption.apply(line, 3, "a")[8, :, 0] > 0).sum()))
    # A disc of radius 3, and one of radius 6.
    assert seen == [7, 13]


def test_names_are_found_in_the_catalogues_order() -> None:
    assert [c.name for c in corruptions_named(["jpeg", "noise"])] == ["noise", "jpeg"]
    assert len(corruptions_named(["all"])) == len(CORRUPTIONS)
    with pytest.raises(ConfigError, match="corruption 'fog': expected all or one of motion_blur"):
        corruptions_named(["fog"])
