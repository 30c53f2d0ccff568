"""Distances that can be worked out by hand, or by scikit-learn's formula written down anew."""

import numpy as np

from seg_perception.inference.familiarity.gaussian import Gaussian


def test_distances_count_standard_deviations_in_each_direction() -> None:
    """Of many independent numbers the distance is Pythagoras' of each by its own deviation."""
    rng = np.random.default_rng(0)
    examples = rng.standard_normal((20_000, 2)) * (3.0, 0.1) + (5.0, -1.0)
    gaussian = Gaussian.of(examples)
    asked = np.array([[5.0, -1.0], [11.0, -1.0], [5.0, -0.7], [11.0, -0.7]])
    found = gaussian.distances(asked)
    np.testing.assert_allclose(found, [0, 2, 3, np.hypot(2, 3)], rtol=0.03, atol=0.03)


def test_what_goes_together_is_near_and_what_does_not_is_far() -> None:
    rng = np.random.default_rng(1)
    first = rng.standard_normal(5000)
    gaussian = Gaussian.of(np.stack([first, first + 0.1 * rng.standard_normal(5000)], axis=1))
    together, apart = gaussian.distances(np.array([[1.0, 1.0], [1.0, -1.0]]))
    assert together < 1.1
    assert apart > 15


def test_few_examples_of_many_numbers_are_shrunk_and_still_say_something() -> None:
    """Without shrinking ten examples leave no inverse, and held-out ones are infinitely far."""
    rng = np.random.default_rng(2)
    gaussian = Gaussian.of(rng.standard_normal((10, 40)))
    same, other = rng.standard_normal((200, 40)), 3 * rng.standard_normal((200, 40))
    assert np.isfinite(gaussian.whitening).all()
    assert np.median(gaussian.distances(same)) < 12
    assert gaussian.distances(other).min() > np.median(gaussian.distances(same))


def test_a_number_that_never_differs_does_no_harm() -> None:
    examples = np.ones((50, 3))
    examples[:, 0] = np.linspace(-1, 1, 50)
    gaussian = Gaussian.of(examples)
    assert np.isfinite(gaussian.whitening).all()
    assert gaussian.distances(np.array([[0.0, 1.0, 1.0]]))[0] < 0.1
    assert gaussian.distances(np.array([[0.0, 2.0, 1.0]]))[0] > 5
