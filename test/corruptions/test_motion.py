import numpy as np
import pytest

from seg_perception.corruptions.motion import defocus, line_kernel, motion_blur


def dot(size: int = 9) -> np.ndarray:
    image = np.zeros((size, size, 3), np.uint8)
    image[size // 2, size // 2] = 240
    return image


def test_three_pixels_along_the_rows_get_a_third_each() -> None:
    assert line_kernel(3, 0.0) == pytest.approx(np.array([[0, 0, 0], [1, 1, 1], [0, 0, 0]]) / 3)
    smeared = motion_blur(dot(), 3, 0.0)[..., 0]
    assert smeared[4].tolist() == [0, 0, 0, 80, 80, 80, 0, 0, 0]
    assert smeared.sum() == 240


def test_a_quarter_turn_smears_along_the_columns() -> None:
    assert motion_blur(dot(), 5, np.pi / 2)[:, 4, 1].tolist() == [0, 0, 48, 48, 48, 48, 48, 0, 0]


def test_a_positive_angle_turns_the_line_downwards() -> None:
    kernel = line_kernel(9, np.pi / 4)
    # Along the diagonal from top left to bottom right; nothing in the other two corners.
    assert kernel[:3, -3:].sum() == kernel[-3:, :3].sum() == 0
    assert kernel[1, 1] > 0.05
    assert np.allclose(kernel, kernel[::-1, ::-1], atol=1e-6)


@pytest.mark.parametrize("length", [1.5, 2, 3.3, 9, 18.9])
@pytest.mark.parametrize("angle", [0.0, 0.4, 1.5, 3.0])
def test_no_light_is_lost_and_the_middle_stays(length: float, angle: float) -> None:
    kernel = line_kernel(length, angle)
    assert kernel.sum() == pytest.approx(1)
    rows, columns = np.indices(kernel.shape) - len(kernel) // 2
    assert (kernel * rows).sum() == pytest.approx(0, abs=1e-5)
    assert (kernel * columns).sum() == pytest.approx(0, abs=1e-5)


def test_a_pixel_or_less_changes_nothing() -> None:
    image = dot()
    assert motion_blur(image, 1, 0.3) is image
    assert defocus(image, 0) is image


def test_a_disc_of_one_pixel_radius_spreads_a_point_over_its_neighbours() -> None:
    spread = defocus(dot(), 1)[..., 0].astype(float)
    # Weights before the sum is made 1: 1 in the middle, 0.5 beside, 1.5 - sqrt(2) in the corners.
    corner = 1.5 - 2**0.5
    total = 1 + 4 * 0.5 + 4 * corner
    assert spread[4, 4] == pytest.approx(240 / total, abs=1)
    assert spread[4, 5] == spread[3, 4] == pytest.approx(120 / total, abs=1)
    assert spread[3, 3] == pytest.approx(240 * corner / total, abs=1)
    assert spread[2, 4] == 0
