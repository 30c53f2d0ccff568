"""Points get the label of what a camera sees there, and say why where they get none."""

from dataclasses import replace
from math import cos, erf, sin, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from seg_perception.config import TransferConfig
from seg_perception.core.types import Calibration, PointStatus
from seg_perception.fusion.label_transfer import Transfer, transfer_labels
from seg_perception.geometry.camera import CameraModel

from .conftest import HEIGHT, WIDTH, grid, points_at

UNKNOWN = 255
S = PointStatus


def transfer(xyz, views, unknown_id=UNKNOWN, *, of_pixels=False, **config) -> Transfer:
    return transfer_labels(xyz, views, TransferConfig(**config), unknown_id, of_pixels=of_pixels)


def statuses(found: Transfer) -> list[PointStatus]:
    return [PointStatus(value) for value in found.status]


def test_a_point_gets_the_label_of_the_nearest_pixel(make_view) -> None:
    labels = np.arange(WIDTH * HEIGHT).reshape(HEIGHT, WIDTH) % 200
    pixels = np.array([[0, 0], [17.4, 30], [17.6, 30], [199.49, 99.49], [-0.49, 50]])
    found = transfer(points_at(pixels, 5.0), [make_view(labels)])
    nearest = [(0, 0), (17, 30), (18, 30), (199, 99), (0, 50)]
    assert found.labels.tolist() == [labels[v, u] for u, v in nearest]
    assert statuses(found) == [S.LABELLED] * 5
    assert found.sources.tolist() == [0] * 5


def test_every_point_without_label_says_why(make_view) -> None:
    labels = np.full((HEIGHT, WIDTH), 3)
    labels[:, :50] = UNKNOWN
    nan, inf = np.nan, np.inf
    cases = [
        ([0, 0, 5], S.LABELLED),
        ([-4, 0, 5], S.UNCERTAIN),
        ([0, 0, -5], S.OUT_OF_VIEW),
        ([50, 0, 5], S.OUT_OF_VIEW),
        ([0, 0, 250], S.OUT_OF_VIEW),
        ([0, 0, 0.2], S.SELF),
        ([0, 0, 0], S.INVALID),
        ([nan, 0, 5], S.INVALID),
        ([0, nan, nan], S.INVALID),
        ([0, 0, inf], S.INVALID),
        ([-inf, inf, 1], S.INVALID),
        ([1e30, 0, 1], S.INVALID),
    ]
    found = transfer(np.array([xyz for xyz, _ in cases], np.float32), [make_view(labels)])
    assert statuses(found) == [status for _, status in cases]
    assert found.labels.tolist() == [3] + [UNKNOWN] * (len(cases) - 1)
    assert found.confidence.tolist() == [1] + [0] * (len(cases) - 1)
    assert found.sources.tolist() == [0] + [255] * (len(cases) - 1)


def test_returns_of_the_robot_and_missing_ones_hide_nothing(make_view) -> None:
    # The sensor's origin lies 2 m in front of the camera, in the middle of its image.
    T = np.eye(4)
    T[2, 3] = 2.0
    wall = grid(range(80, 120, 2), range(40, 60, 2))
    xyz = np.vstack([points_at(wall, 10.0) - np.float32([0, 0, 2]), np.zeros((500, 3))])
    random = np.random.default_rng(0)
    xyz[-400:] = random.uniform(-0.15, 0.15, (400, 3))
    found = transfer(xyz.astype(np.float32), [make_view(T=T)])
    assert (found.status[: len(wall)] == S.LABELLED).all()


def test_confidence_is_the_networks_in_the_open(make_view) -> None:
    found = transfer(points_at(np.array([[100.0, 50.0]]), 5.0), [make_view(confidence=204)])
    assert found.confidence[0] == pytest.approx(0.8)


def test_confidence_falls_to_a_half_at_a_boundary(make_view) -> None:
    labels = np.zeros((HEIGHT, WIDTH))
    labels[:, 100:] = 1
    # 0.5, 1.5, 3.5 and 9.5 px from the edge, each point alone among those of its label.
    pixels = np.array([[99.0, 50], [98, 50], [96, 50], [90, 50]])
    found = [
        transfer(points_at(pixel[None], 5.0), [make_view(labels, 204)], pixel_sigma_px=2.0)
        for pixel in pixels
    ]
    on_side = [0.5 * (1 + erf(d / 2.0 / sqrt(2))) for d in (0.5, 1.5, 3.5, 9.5)]
    confidence = [float(one.confidence[0]) for one in found]
    assert confidence == pytest.approx(0.8 * np.array(on_side), abs=0.01)


@pytest.mark.parametrize(
    ("error", "depth", "sigma_px"),
    [
        ({"angle_sigma_rad": 0.03}, 5.0, 3.0),
        ({"offset_sigma_m": 0.2}, 5.0, 4.0),
        ({"offset_sigma_m": 0.2}, 20.0, 1.0),
        ({"angle_sigma_rad": 0.03, "offset_sigma_m": 0.2}, 5.0, 5.0),
    ],
)
def test_an_uncertain_pose_counts_most_near_boundaries(make_view, error, depth, sigma_px) -> None:
    # 100 px of focal length: 0.03 rad are 3 px, 0.2 m at 5 m are 4 px.
    labels = np.zeros((HEIGHT, WIDTH))
    labels[:, 100:] = 1
    view = replace(make_view(labels), **error)
    near, away = (
        transfer(points_at(np.array([[u, 50.0]]), depth), [view], pixel_sigma_px=1e-3)
        for u in (98.0, 40.0)
    )
    expected = 0.5 * (1 + erf(1.5 / sigma_px / sqrt(2)))
    assert near.confidence[0] == pytest.approx(expected, abs=0.01)
    assert away.confidence[0] == pytest.approx(1, abs=1e-3)


def test_a_point_farther_than_its_surroundings_counts_less_and_at_last_is_hidden(make_view) -> None:
    around = grid(range(96, 106, 4), range(46, 56, 4))
    config = {
        "cell_px": 16,
        "occlusion_ratio": 2.5,
        "occlusion_midpoint_ratio": 1.5,
        "occlusion_steepness": 4.0,
    }
    confidence = []
    for depth in (5.0, 7.5, 10.0, 15.0):
        xyz = np.vstack([points_at(around, 5.0), points_at(np.array([[100.0, 50.0]]), depth)])
        found = transfer(xyz, [make_view()], **config)
        confidence.append(float(found.confidence[-1]))
    # Ratios of 1, 1.5, 2 and 3: seen with 0.835, 0.5 and 0.24; then hidden.
    seen = np.array([1 / (1 + (ratio / 1.5) ** 4) for ratio in (1, 1.5, 2)])
    assert confidence[:3] == pytest.approx(seen, abs=0.01)
    assert (found.status[-1], found.labels[-1], confidence[3]) == (S.OCCLUDED, UNKNOWN, 0)


def test_no_point_of_a_cameras_own_pixels_is_hidden(make_view) -> None:
    # A wall 10 m off in one pixel among those of a trunk 2 m off: 5 times as far, and seen.
    around = grid(range(96, 106, 2), range(46, 56, 2))
    xyz = np.vstack([points_at(around, 2.0), points_at(np.array([[101.0, 51.0]]), 10.0)])
    hidden = transfer(xyz, [make_view()], cell_px=16)
    seen = transfer(xyz, [make_view()], cell_px=16, of_pixels=True)
    assert (hidden.status[-1], seen.status[-1]) == (S.OCCLUDED, S.LABELLED)
    assert seen.confidence.tolist() == pytest.approx([1.0] * len(xyz))
    # A camera 11 mm aside sees the trunk 0.55 px aside (100 px of focal length): another ray.
    for aside_m, expected in ((0.009, S.LABELLED), (0.011, S.OCCLUDED)):
        T = np.eye(4)
        T[0, 3] = aside_m
        found = transfer(xyz, [make_view(T=T)], cell_px=16, of_pixels=True)
        assert found.status[-1] == expected


def test_an_old_image_counts_less(make_view) -> None:
    point = points_at(np.array([[100.0, 50.0]]), 5.0)
    found = transfer(point, [make_view(time_gap_s=-0.5)], time_gap_half_life_s=0.5)
    assert found.confidence[0] == pytest.approx(0.5)


def test_a_label_below_the_least_confidence_is_none(make_view) -> None:
    point = points_at(np.array([[100.0, 50.0]]), 5.0)
    kept = transfer(point, [make_view(confidence=102)], min_confidence=0.39)
    left = transfer(point, [make_view(confidence=102)], min_confidence=0.41)
    assert statuses(kept) == [S.LABELLED]
    assert statuses(left) == [S.UNCERTAIN]
    assert left.labels[0] == UNKNOWN


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_best_supported_label_counts_not_the_last(make_view, order) -> None:
    views = [make_view(labels=7, confidence=204), make_view(labels=9, confidence=102)]
    found = transfer(points_at(np.array([[100.0, 50.0]]), 5.0), [views[i] for i in order])
    assert found.labels[0] == 7
    assert found.sources[0] == order.index(0)
    # One says 0.8, the other something else with 0.4: both can't be right.
    assert found.confidence[0] == pytest.approx(0.8 * 0.6 / (1 - 0.8 * 0.4))
    assert found.disputed == 1


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_cameras_that_agree_take_nothing_from_each_other(make_view, order) -> None:
    views = [make_view(labels=7, confidence=204), make_view(labels=7, confidence=102)]
    found = transfer(points_at(np.array([[100.0, 50.0]]), 5.0), [views[i] for i in order])
    assert found.confidence[0] == pytest.approx(0.8)
    assert (found.disputed, found.sources[0]) == (0, order.index(0))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_cameras_as_sure_the_one_counts_that_looks_straight_at_a_point(
    make_view, order
) -> None:
    # The second one has turned by 0.6 rad: it sees the point near its edge.
    aside = np.eye(4)
    aside[:3, :3] = [[cos(0.6), 0, sin(0.6)], [0, 1, 0], [-sin(0.6), 0, cos(0.6)]]
    views = [make_view(labels=7), make_view(labels=9, T=aside)]
    found = transfer(points_at(np.array([[100.0, 50.0]]), 5.0), [views[i] for i in order])
    assert (found.labels[0], found.sources[0]) == (7, order.index(0))
    assert found.confidence[0] == pytest.approx(0.5, abs=0.01)
    # cos(0.6) is 0.83: a little surer does not help it, much surer does.
    for confidence, label in ((230, 7), (190, 9)):
        views = [make_view(labels=7, confidence=confidence), make_view(labels=9, T=aside)]
        xyz = points_at(np.array([[100.0, 50.0]]), 5.0)
        assert transfer(xyz, [views[i] for i in order]).labels[0] == label


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_one_camera_cannot_tell_another_may(make_view, order) -> None:
    views = [make_view(labels=UNKNOWN), make_view(labels=9, confidence=10)]
    found = transfer(points_at(np.array([[100.0, 50.0]]), 5.0), [views[i] for i in order])
    assert found.labels[0] == 9
    assert statuses(found) == [S.LABELLED]


def test_a_point_hidden_from_one_camera_is_labelled_by_another(make_view) -> None:
    # The second camera stands 5 m aside and sees past the trunk.
    aside = np.eye(4)
    aside[0, 3] = -5.0
    wall, trunk = (
        grid(range(60, 140, 4), range(0, 100, 4)),
        grid(range(90, 112, 4), range(2, 100, 4)),
    )
    xyz = np.vstack([points_at(wall, 10.0), points_at(trunk, 3.0)])
    behind = np.flatnonzero((wall[:, 0] == 100) & (wall[:, 1] == 48))[0]
    alone = transfer(xyz, [make_view(labels=1)])
    both = transfer(xyz, [make_view(labels=1), make_view(labels=2, T=aside)])
    assert (alone.status[behind], alone.labels[behind]) == (S.OCCLUDED, UNKNOWN)
    assert (both.status[behind], both.labels[behind], both.sources[behind]) == (S.LABELLED, 2, 1)


def test_without_views_there_is_no_label_map() -> None:
    found = transfer(np.float32([[1, 2, 3], [np.nan, 0, 0]]), [])
    assert statuses(found) == [S.NO_LABEL_MAP, S.INVALID]


def test_above_255_classes_labels_are_wide(make_view) -> None:
    view = make_view(labels=300, dtype=np.uint16)
    found = transfer(np.float32([[0, 0, 5], [0, 0, -5]]), [view], unknown_id=65535)
    assert found.labels.dtype == np.uint16
    assert found.labels.tolist() == [300, 65535]


def test_points_may_lie_unaligned_in_a_drivers_records(make_view) -> None:
    layout = {"names": ["a", "xyz"], "formats": ["u1", ("<f4", (3,))], "offsets": [0, 3]}
    records = np.zeros(50, np.dtype({**layout, "itemsize": 22}))
    records["xyz"] = points_at(grid(range(0, 200, 20), range(0, 100, 20)), 5.0)
    found = transfer(records["xyz"], [make_view()])
    assert (found.labels == 3).all()


@pytest.mark.parametrize("count", [0, 1])
def test_no_point_and_one_point(make_view, count) -> None:
    found = transfer(np.full((count, 3), 5, np.float32), [make_view()])
    for array in (found.labels, found.confidence, found.status, found.sources):
        assert array.shape == (count,)


@pytest.mark.parametrize("value", [np.nan, -5.0])
def test_a_cloud_of_which_nothing_is_seen(make_view, value) -> None:
    found = transfer(np.full((40000, 3), value, np.float32), [make_view(), make_view()])
    assert (found.labels == UNKNOWN).all()
    assert set(statuses(found)) == {S.INVALID if np.isnan(value) else S.OUT_OF_VIEW}


@pytest.mark.long
def test_ten_million_points_are_answered(make_view) -> None:
    xyz = np.random.default_rng(0).uniform(-50, 50, (10**7, 3)).astype(np.float32)
    found = transfer(xyz, [make_view()])
    in_view = (
        (xyz[:, 2] > 0) & (np.abs(xyz[:, 0]) < xyz[:, 2]) & (2 * np.abs(xyz[:, 1]) < xyz[:, 2])
    )
    share = np.isin(found.status, [S.LABELLED, S.OCCLUDED]).mean()
    assert share == pytest.approx(in_view.mean(), abs=1e-4)


coordinates = st.floats(-20, 20, width=32) | st.sampled_from([np.nan, np.inf, 0.0, 1e30])


@settings(max_examples=50)
@given(xyz=arrays(np.float32, st.tuples(st.integers(0, 60), st.just(3)), elements=coordinates))
def test_what_has_no_label_has_no_confidence_and_no_source(two_views, xyz) -> None:
    found = transfer(xyz, two_views, min_confidence=0.2)
    labelled = found.status == S.LABELLED
    assert (labelled == (found.labels != UNKNOWN)).all()
    assert (labelled == (found.confidence > 0)).all()
    assert (labelled == (found.sources != 255)).all()
    assert (found.confidence <= 1).all()
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.sqrt((xyz**2).sum(1))
    assert ((found.status == S.INVALID) == (~np.isfinite(distance) | (distance < 1e-6))).all()


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_the_points_does_not_matter(two_views, seed) -> None:
    random = np.random.default_rng(seed)
    xyz = random.normal(size=(40000, 3)) * [4, 2, 1]
    # Of depths that are powers of two the inverses, and so their sums, are exact in any order.
    xyz[:, 2] = random.choice([-1, 1], len(xyz)) * 2.0 ** random.integers(0, 5, len(xyz))
    xyz = xyz.astype(np.float32)
    order = random.permutation(len(xyz))
    straight = transfer(xyz, two_views, cell_px=4)
    mixed = transfer(xyz[order], two_views, cell_px=4)
    assert (straight.status == S.OCCLUDED).sum() > 100
    assert (straight.status == S.LABELLED).sum() > 100
    for name in ("status", "labels", "confidence", "sources"):
        np.testing.assert_array_equal(getattr(straight, name)[order], getattr(mixed, name))


@pytest.fixture(scope="session")
def two_views(make_view):
    random = np.random.default_rng(5)
    labels = np.kron(random.integers(0, 5, (10, 20)), np.ones((10, 10)))
    labels[:20, :20] = UNKNOWN
    aside = np.eye(4)
    aside[0, 3] = 1.0
    confidence = random.integers(0, 256, labels.shape)
    return [make_view(labels, confidence), make_view(labels[::-1], confidence, T=aside)]


def fisheye_ray(column: float, row: float, focal: float) -> np.ndarray:
    """Unit ray of a pixel of a lens whose radius is the angle times the focal length."""
    x, y = (column - 99.5) / focal, (row - 49.5) / focal
    angle = sqrt(x * x + y * y)
    return np.array([x / angle * sin(angle), y / angle * sin(angle), cos(angle)])


def test_behind_the_plane_of_a_fisheye_what_is_nearer_hides_what_is_farther(make_view) -> None:
    # 55 px a radian: columns from 187 on are more than 90 degrees off the axis.
    focal = 55.0
    k = np.array([[focal, 0, 99.5], [0, focal, 49.5], [0, 0, 1]])
    lens = Calibration(
        WIDTH, HEIGHT, k, "equidistant", np.array([1e-9, 0, 0, 0]), fisheye_angle_deg=120.0
    )
    view = replace(make_view(), camera=CameraModel.from_calibration(lens))
    wall_px, trunk_px = (
        grid(range(160, 200, 2), range(20, 80, 2)),
        grid(range(189, 197), range(20, 80)),
    )
    wall = np.array([fisheye_ray(u, v, focal) * 10 for u, v in wall_px])
    trunk = np.array([fisheye_ray(u, v, focal) * 2 for u, v in trunk_px])
    assert trunk[:, 2].max() < 0
    status = transfer(np.vstack([wall, trunk]).astype(np.float32), [view]).status
    of_wall, column = status[: len(wall)], wall_px[:, 0]
    assert set(status[len(wall) :]) == {S.LABELLED}
    assert set(of_wall[(column >= 190) & (column < 196)]) == {S.OCCLUDED}
    assert set(of_wall[column < 180]) == {S.LABELLED}


def test_each_view_tells_which_share_of_what_it_sees_cannot_be(make_view) -> None:
    class SkyIsNine:
        def contradicts(self, labels, points, xyz, view):
            del points, xyz, view
            return labels == 9

    pixels = grid(range(0, WIDTH, 4), range(0, HEIGHT, 4))
    labels = np.where(np.arange(WIDTH) < WIDTH / 4, 9, 7)[None].repeat(HEIGHT, 0).astype(np.uint8)
    views = [make_view(labels=7), make_view(labels=labels)]
    found = transfer_labels(
        points_at(pixels, 5.0), views, TransferConfig(), UNKNOWN, plausibility=SkyIsNine()
    )
    share = np.count_nonzero(pixels[:, 0] < WIDTH / 4) / len(pixels)
    assert found.contradicted == pytest.approx((0.0, share), abs=0.02)
    few = transfer_labels(
        points_at(pixels[:150], 5.0), views, TransferConfig(), UNKNOWN, plausibility=SkyIsNine()
    )
    assert few.contradicted == (0.0, 0.0)
