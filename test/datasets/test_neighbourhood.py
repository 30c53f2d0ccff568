import numpy as np

from seg_perception.datasets.neighbourhood import describe, hold_out


def test_whole_clusters_are_held_out() -> None:
    rng = np.random.default_rng(0)
    place = np.repeat(np.arange(6), 10)
    descriptors = (100 * place[:, None] + rng.normal(0, 0.1, (60, 4))).astype(np.float32)
    split = hold_out(descriptors, clusters=6, every=3, margin=1.0)
    held, kept = {int(place[i]) for i in split.validation}, {int(place[i]) for i in split.train}
    assert len(held) == 2
    assert not held & kept
    assert sorted(split.train + split.validation + split.dropped) == list(range(60))


def test_training_images_near_a_held_out_one_are_dropped() -> None:
    descriptors = np.array([[0.0], [0.1], [10.0], [10.1], [5.2], [20.0], [20.1]], np.float32)
    split = hold_out(descriptors, clusters=3, every=3, margin=6.0)
    distances = np.abs(descriptors[list(split.train)] - descriptors[list(split.validation)].T)
    assert split.validation
    assert (distances >= 6.0).all()


def test_exposure_changes_a_description_less_than_another_place_does() -> None:
    rng = np.random.default_rng(1)
    here, there = (rng.integers(60, 160, (18, 32, 3)).astype(np.uint8) for _ in range(2))
    brighter = (here * 1.3).astype(np.uint8)
    assert (
        np.abs(describe(here) - describe(brighter)).mean()
        < 0.3 * np.abs(describe(here) - describe(there)).mean()
    )
