"""A quadratic surface whose top is known."""

import numpy as np
import pytest

from seg_perception.alignment.surface import Surface, terms

TOP = np.array([0.3, -0.2])


def heights(tried, top=TOP):
    x, y = (tried - top).T
    return 5 - 2 * x * x - 3 * y * y + x * y


@pytest.fixture
def tried():
    return np.random.default_rng(0).uniform(-1, 1, (80, 2))


def test_the_top_of_a_quadratic_is_found(tried):
    assert Surface.through(tried, heights(tried)).top == pytest.approx(TOP)
    assert terms(2) == 6


def test_the_top_moves_as_the_scores_that_are_drawn(tried):
    surface = Surface.through(tried, heights(tried))
    drawn = np.stack([heights(tried, TOP + np.array([shift, 0.0])) for shift in (-0.1, 0.1)])
    other = np.stack([heights(tried, TOP + np.array([0.0, shift])) for shift in (-0.05, 0.05)])
    assert surface.spread([drawn]) == pytest.approx([0.1, 0.0], abs=1e-9)
    # Of several ways of drawing the widest counts.
    assert surface.spread([drawn, other]) == pytest.approx([0.1, 0.05], abs=1e-9)


def test_along_a_flat_direction_the_top_may_be_anywhere(tried):
    flat = 5 - 2 * tried[:, 0] ** 2
    noisy = np.stack([flat + sign * 0.01 * tried[:, 1] for sign in (-1, 1)])
    assert Surface.through(tried, flat).spread([noisy])[1] > 0.1


def test_a_saddle_has_its_top_no_lower_than_flat(tried):
    surface = Surface.through(tried, 5 + tried[:, 0] ** 2 - tried[:, 1] ** 2)
    assert (np.linalg.eigvalsh(surface.inverse_bend) < 0).all()
