import numpy as np
import pytest

from seg_perception.corruptions.lens import dirt, rain_drops


@pytest.mark.parametrize("share", [0.03, 0.12, 0.35])
def test_mud_covers_its_share(share: float) -> None:
    white = np.full((180, 320, 3), 255, np.uint8)
    muddy = dirt(white, share, np.random.default_rng(3))
    # Soft rims: what is more than half mud counts as covered.
    covered = muddy[..., 0] < (255 + 74) / 2
    assert covered.mean() == pytest.approx(share, abs=0.3 * share)
    assert muddy.min(axis=(0, 1)).tolist() == pytest.approx([74, 62, 50], abs=12)
    assert np.array_equal(white, np.full_like(white, 255))


def test_a_drop_shows_the_scene_upside_down() -> None:
    scene = np.zeros((180, 320, 3), np.uint8)
    scene[:90] = 200
    wet = rain_drops(scene, 60, np.random.default_rng(5))
    # Bright above, dark below: drops above are dark inside, those below bright.
    assert wet[:60].min() < 40
    assert wet[120:].max() > 160
    changed = (wet != scene).any(axis=-1).mean()
    assert 0.1 < changed < 0.9


def test_without_drops_and_mud_nothing_changes() -> None:
    scene = np.random.default_rng(0).integers(0, 256, (18, 32, 3), dtype=np.uint8)
    assert np.array_equal(rain_drops(scene, 0, np.random.default_rng(1)), scene)
