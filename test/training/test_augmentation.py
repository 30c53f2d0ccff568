import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from seg_perception.datasets.folder import LabelledImage
from seg_perception.training.augmentation import augment, paste
from seg_perception.training.config import AugmentationConfig
from seg_perception.training.photometric_augmentation import augment_photometry

STILL = AugmentationConfig(
    scale=(1, 1),
    aspect=1,
    rotation_rad=0,
    brightness=0,
    contrast=0,
    gamma=1,
    colour=0,
    saturation=0,
    grey=0,
    blur=0,
    noise=0,
)


def gradient(height: int, width: int) -> LabelledImage:
    column = np.arange(width, dtype=np.uint8)
    image = np.broadcast_to(column[None, :, None], (height, width, 3)).copy()
    return LabelledImage("a", image, image[..., 0].copy())


def test_without_variation_a_view_is_the_image_or_its_mirror() -> None:
    sample = gradient(8, 16)
    seen = set()
    for seed in range(12):
        image, targets = augment(sample, STILL, (16, 8), (16, 8), np.random.default_rng(seed))
        mirrored = bool(targets[0, 0] == 15)
        want = sample.targets[:, ::-1] if mirrored else sample.targets
        assert np.array_equal(targets, want)
        assert np.array_equal(image[..., 0], want)
        seen.add(mirrored)
    assert seen == {False, True}


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), width=st.integers(20, 90), height=st.integers(20, 90))
def test_image_and_targets_move_together(seed: int, width: int, height: int) -> None:
    sample = gradient(height, width)
    config = STILL.model_copy(update={"scale": (0.5, 2.0), "aspect": 1.5, "rotation_rad": 0.3})
    image, targets = augment(sample, config, (64, 48), (40, 24), np.random.default_rng(seed))
    assert image.shape == (24, 40, 3)
    inside = targets != 255
    assert inside.any()
    # Nearest and linear sampling of a slope of one per pixel differ by half a pixel, and by
    # the reflection of one more at the border.
    assert np.abs(image[..., 0].astype(int) - targets)[inside].max() <= 1


def test_a_small_source_is_centred_and_surrounded_by_ignored_pixels() -> None:
    sample = LabelledImage("a", np.full((10, 10, 3), 9, np.uint8), np.zeros((10, 10), np.uint8))
    _, targets = augment(sample, STILL, (10, 10), (20, 20), np.random.default_rng(0))
    assert np.array_equal(targets[5:15, 5:15], np.zeros((10, 10), np.uint8))
    assert np.count_nonzero(targets == 255) == 300


def test_distortion_varies_colour_and_repeats_with_its_seed() -> None:
    image = np.random.default_rng(0).integers(0, 255, (20, 30, 3)).astype(np.uint8)
    first, again, other = (
        augment_photometry(image, AugmentationConfig(), np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert np.abs(first.astype(int) - other).mean() > 5
    assert np.array_equal(augment_photometry(image, STILL, np.random.default_rng(3)), image)


def test_only_the_pixels_of_the_target_are_pasted() -> None:
    view = (np.zeros((10, 10, 3), np.uint8), np.zeros((10, 10), np.uint8))
    donor = (np.full((10, 10, 3), 9, np.uint8), np.full((10, 10), 3, np.uint8))
    donor[1][:, :5] = 16
    paste(view, donor, 16)
    assert (view[1][:, :5] == 16).all()
    assert (view[0][:, :5] == 9).all()
    assert not view[1][:, 5:].any()
    assert not view[0][:, 5:].any()


def test_a_crumb_is_not_pasted() -> None:
    view = (np.zeros((10, 10, 3), np.uint8), np.zeros((10, 10), np.uint8))
    donor = (np.full((10, 10, 3), 9, np.uint8), np.zeros((10, 10), np.uint8))
    donor[1][0, :3] = 16
    paste(view, donor, 16)
    assert not view[0].any()
