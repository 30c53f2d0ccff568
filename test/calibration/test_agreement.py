"""The agreement of labels and depth edges that lie where the test puts them."""

import numpy as np
import pytest

from seg_perception.calibration.agreement import Evidence
from seg_perception.calibration.depth_edges import DepthEdges
from seg_perception.calibration.observations import Observation
from seg_perception.calibration.sensitivity import AXES, peak_of, sensitivity
from seg_perception.core.types import Calibration

WIDTH, HEIGHT, FOCAL = 200, 100, 100.0
K = np.array([[FOCAL, 0, 99.5], [0, FOCAL, 49.5], [0, 0, 1]])
DEPTH = 2.0


def stripes(period=50):
    """Vertical stripes of two labels; borders between columns 24 and 25, 74 and 75, ..."""
    columns = (np.arange(WIDTH) + period // 2) // period % 2
    return np.repeat(columns[None].astype(np.uint8), HEIGHT, axis=0)


def edges_at(columns, rows, step=1.0):
    """Depth edges whose middle lies at these columns (pixel), 2 m away."""
    u, v = (grid.ravel() for grid in np.meshgrid(columns, rows))

    def at(column):
        x, y = (column - 99.5) / FOCAL * DEPTH, (v - 49.5) / FOCAL * DEPTH
        return np.stack([x, y, np.full_like(x, DEPTH)], axis=1)

    return DepthEdges(at(u - step / 2), at(u + step / 2))


def observation(columns, labels=None, T=None):
    return Observation(
        camera="front",
        lidar="top",
        picture=np.zeros((HEIGHT, WIDTH, 3), np.uint8),
        labels=stripes() if labels is None else labels,
        calibration=Calibration(WIDTH, HEIGHT, K),
        rectified=False,
        sensor_px=(1.0, 1.0),
        depth_edges=edges_at(columns, np.arange(10.0, 90.0, 8.0)),
        T_camera_lidar=np.eye(4)[None] if T is None else T[None],
        frames=("camera", "lidar"),
    )


BORDERS = np.array([24.5, 74.5, 124.5, 174.5])


def test_borders_on_depth_edges_agree_and_borders_beside_them_contradict():
    assert Evidence([observation(BORDERS)]).agreement().value == 1
    # A pixel and a half beside, the near look-up finds the change behind the depth edge, where
    # it does not belong; the far one, 3.3 px to either side, still across it.
    beside = Evidence([observation(BORDERS + 1.6)]).agreement()
    assert beside.value == pytest.approx((-0.5 + 1) / 2)
    assert Evidence([observation(BORDERS + 15)]).agreement().value == 0


def test_random_labels_neither_agree_nor_contradict():
    random = np.random.default_rng(0)
    noise = random.integers(0, 5, (HEIGHT, WIDTH)).astype(np.uint8)
    found = Evidence([observation(np.arange(20.0, 180.0), noise)] * 10).agreement()
    assert found.count > 10_000
    assert abs(found.value) < 0.05
    assert not found.is_certain or found.value < 4.5 * found.std


def test_counts_are_those_in_view():
    shifted = np.eye(4)
    shifted[0, 3] = -DEPTH  # 100 px to the left: half of the borders leave the image
    found = Evidence([observation(BORDERS), observation(BORDERS, T=shifted)]).agreement()
    assert found.counts.tolist() == [40, 20]
    assert found.count == 60
    nothing = Evidence([observation(BORDERS)]).agreement(AXES[1].change(180))
    assert (nothing.count, nothing.value, nothing.std) == (0, 0, 0)


def test_a_shifted_principal_point_moves_the_depth_edges():
    evidence = Evidence([observation(BORDERS - 12)])
    assert evidence.agreement().value == 0
    assert evidence.agreement(shift_px=(12.0, 0.0)).value == 1


@pytest.mark.parametrize(("axis", "amount"), [(AXES[1], 0.4), (AXES[3], -6.0)])
def test_curves_peak_where_the_error_was_put(axis, amount):
    error = np.linalg.inv(axis.change(amount))
    curves = sensitivity(Evidence([observation(BORDERS, T=error) for _ in range(8)]))
    curve = next(curve for curve in curves if curve.axis == axis)
    assert curve.peak == pytest.approx(amount, abs=0.3 * axis.asked)


def test_the_top_of_a_parabola_lies_between_its_samples():
    amounts = np.arange(-8, 9) / 4
    assert peak_of(amounts, 1 - (amounts - 0.33) ** 2) == pytest.approx(0.33)
    # A curve that rises to its end peaks there.
    assert peak_of(amounts, amounts.copy()) == pytest.approx(2.0)
