from __future__ import annotations

import numpy as np
import pytest

from seg_perception.simulation.noise import NoiseTexture


def test_it_repeats_at_every_whole_number():
    texture = NoiseTexture(1, 1.2, size=64)
    u, v = np.random.default_rng(0).uniform(-3, 3, (2, 20, 30)).astype(np.float32)
    assert texture.sample(u + 2, v - 1) == pytest.approx(texture.sample(u, v), abs=0.02)


def test_it_is_centred_with_unit_spread():
    axis = (np.arange(256, dtype=np.float32)) / 256
    found = NoiseTexture(2, 1.0, size=256).sample(*np.meshgrid(axis, axis))
    assert found.mean() == pytest.approx(0, abs=0.02)
    assert found.std() == pytest.approx(1, abs=0.05)


def test_rougher_noise_changes_faster():
    axis = (np.arange(256, dtype=np.float32)) / 256
    soft, rough = (
        np.abs(np.diff(NoiseTexture(3, r, size=256).sample(*np.meshgrid(axis, axis)))).mean()
        for r in (2.0, 0.8)
    )
    assert rough > 3 * soft


def test_lines_longer_than_opencv_takes_are_cut():
    u = np.linspace(0, 1, 70_000, dtype=np.float32)[None]
    texture = NoiseTexture(1, 1.2, size=64)
    found = texture.sample(u, np.zeros_like(u))
    assert found.shape == u.shape
    assert found[:, 50_000:50_010] == pytest.approx(
        texture.sample(u[:, 50_000:50_010], 0 * u[:, :10])
    )


def test_nothing_gives_nothing():
    nothing = np.zeros((1, 0), np.float32)
    assert NoiseTexture(1, 1.2, size=64).sample(nothing, nothing).shape == (1, 0)
