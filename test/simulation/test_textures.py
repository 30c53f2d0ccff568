from __future__ import annotations

import numpy as np
import pytest

from seg_perception.simulation.surfaces import SURFACES
from seg_perception.simulation.textures import texture_atlas


def look(name, level, u, v):
    atlas = texture_atlas()
    u, v = np.broadcast_arrays(np.float32(u), np.float32(v))
    number = np.full(u.shape, atlas.number(name), np.intp)
    return np.stack(atlas.sample(number, np.full(u.shape, level, np.float32), u, v), axis=-1)


NAMES = sorted({surface.texture for surface in SURFACES.surfaces})
PLACES = np.meshgrid(np.linspace(0.02, 0.98, 60), np.linspace(0.02, 0.98, 60))


@pytest.mark.parametrize("name", NAMES)
def test_a_texture_leaves_the_brightness_as_it_is_at_every_size(name):
    for level in (0, 3, 6):
        assert look(name, level, *PLACES).mean() == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("name", NAMES)
def test_a_texture_repeats_without_a_seam(name):
    v = np.linspace(0, 1, 200)[None]
    for level in (0, 2):
        left, right = (
            look(name, level, np.full_like(v, 1e-5), v),
            look(name, level, 0.99999 + 0 * v, v),
        )
        assert np.abs(left - right).max() < 0.05
        assert look(name, level, v + 3, v - 2) == pytest.approx(look(name, level, v, v), abs=0.12)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"plain"}))
def test_smaller_sizes_are_calmer(name):
    spread = [look(name, level, *PLACES).std() for level in (0, 4)]
    assert spread[0] > 0.03
    assert spread[1] < 0.95 * spread[0]
