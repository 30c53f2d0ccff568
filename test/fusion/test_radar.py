"""Radar returns get the label of most of their footprint, not of one pixel."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.config import RadarTransferConfig
from seg_perception.core.types import PointStatus
from seg_perception.fusion.lidar_prior import Bearings, LidarLabelIndex, polar
from seg_perception.fusion.radar import footprint, transfer_radar_labels
from seg_perception.fusion.transfer import Transfer

from .conftest import HEIGHT, WIDTH

UNKNOWN = 255
S = PointStatus
# The radar's frame is a body frame (x forward); it sits where the camera is.
T_CAMERA_RADAR = np.array([[0.0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
AHEAD = np.float32([[10, 0, 0]])


def bearings(xyz, azimuth_sigma_rad=0.01, elevation_sigma_rad=0.02, range_sigma_m=0.15) -> Bearings:
    xyz = np.float32(xyz).reshape(-1, 3)
    sigmas = (azimuth_sigma_rad, elevation_sigma_rad, range_sigma_m)
    return Bearings(xyz, *(np.broadcast_to(np.float64(sigma), len(xyz)) for sigma in sigmas))


def transfer(xyz, views, unknown_id=UNKNOWN, lidar=None, **config) -> Transfer:
    names = ("azimuth_sigma_rad", "elevation_sigma_rad", "range_sigma_m")
    errors = {name: config.pop(name) for name in names if name in config}
    return transfer_radar_labels(
        bearings(xyz, **errors), views, RadarTransferConfig(**config), unknown_id, lidar
    )


def columns(**spans: slice) -> np.ndarray:
    labels = np.zeros((HEIGHT, WIDTH))
    for name, span in spans.items():
        labels[:, span] = int(name[1:])
    return labels


def test_one_sample_is_the_nearest_pixel(make_view) -> None:
    labels = np.arange(WIDTH * HEIGHT).reshape(HEIGHT, WIDTH) % 200
    xyz = [[10, 2, 1], [10, -3, 0.5]]
    found = transfer(xyz, [make_view(labels, T=T_CAMERA_RADAR)], samples=1)
    # 100 px x 2 m / 10 m to the left of 99.5 and 10 px above 49.5, cut off at .5.
    assert found.labels.tolist() == [labels[40, 80], labels[45, 130]]
    assert found.confidence == pytest.approx([1, 1])


def test_a_thin_thing_in_the_middle_loses_to_its_surroundings(make_view) -> None:
    # 100 px/rad: 0.1 rad of error are 10 px; 2 px are a tenth of a sigma to either side.
    view = make_view(columns(c7=slice(99, 101)), T=T_CAMERA_RADAR)
    error = {"azimuth_sigma_rad": 0.1, "elevation_sigma_rad": 0.01}
    found = transfer(AHEAD, [view], samples=400, **error)
    assert found.labels[0] == 0
    # P(|x| < 0.1) of a normal distribution cut off at two sigma in the plane: 0.09.
    assert found.confidence[0] == pytest.approx(0.91, abs=0.02)
    assert transfer(AHEAD, [view], samples=1).labels[0] == 7


def test_a_confident_minority_may_win(make_view) -> None:
    labels = columns(c7=slice(104, WIDTH))
    confidence = np.where(labels == 7, 250, 50)
    view = make_view(labels, confidence, T=T_CAMERA_RADAR)
    found = transfer(AHEAD, [view], samples=400, azimuth_sigma_rad=0.1)
    # The right of +0.45 sigma: about 0.31 of the footprint, weighed 250 to 50.
    assert found.labels[0] == 7
    assert found.confidence[0] == pytest.approx(0.31 * 250 / 255, abs=0.02)


def test_a_share_that_is_too_small_is_no_label(make_view) -> None:
    view = make_view(columns(c1=slice(80, 100), c2=slice(100, 120)), T=T_CAMERA_RADAR)
    error = {"azimuth_sigma_rad": 0.05, "samples": 100}
    kept = transfer(AHEAD, [view], min_share=0.45, **error)
    left = transfer(AHEAD, [view], min_share=0.6, **error)
    assert kept.status[0] == S.LABELLED
    assert (left.status[0], left.labels[0], left.confidence[0]) == (S.UNCERTAIN, UNKNOWN, 0)


def test_what_lies_outside_of_the_image_supports_nothing(make_view) -> None:
    # At the image's right edge, 45 degrees to the right.
    xyz = [[10, -10, 0]]
    view = make_view(labels=4, T=T_CAMERA_RADAR)
    found = transfer(xyz, [view], samples=400)
    assert found.labels[0] == 4
    assert found.confidence[0] == pytest.approx(0.5, abs=0.05)


def test_every_return_without_label_says_why(make_view) -> None:
    cases = [
        ([10, 0, 0], S.UNCERTAIN),
        ([-10, 0, 0], S.OUT_OF_VIEW),
        ([1, 50, 0], S.OUT_OF_VIEW),
        ([600, 0, 0], S.OUT_OF_VIEW),
        ([0.1, 0, 0], S.SELF),
        ([0, 0, 0], S.INVALID),
        ([np.nan, 0, 1], S.INVALID),
    ]
    view = make_view(labels=UNKNOWN, T=T_CAMERA_RADAR)
    found = transfer([xyz for xyz, _ in cases], [view])
    assert [PointStatus(s) for s in found.status] == [status for _, status in cases]
    assert (found.labels == UNKNOWN).all()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_best_supported_label_of_several_cameras_counts(make_view, order) -> None:
    views = [
        make_view(labels=7, confidence=200, T=T_CAMERA_RADAR),
        make_view(labels=300, confidence=250, T=T_CAMERA_RADAR, dtype=np.uint16),
    ]
    found = transfer(AHEAD, [views[i] for i in order], unknown_id=65535)
    assert found.labels.tolist() == [300]
    assert found.sources[0] == order.index(1)


@pytest.mark.parametrize("count", [0, 1, 5000])
def test_any_number_of_returns(make_view, count) -> None:
    xyz = np.tile(AHEAD, (count, 1))
    found = transfer(xyz, [make_view(labels=2, T=T_CAMERA_RADAR)])
    assert found.labels.tolist() == [2] * count
    assert transfer(xyz, []).status.tolist() == [S.NO_LABEL_MAP] * count


@given(
    azimuth=st.floats(-3, 3),
    elevation=st.floats(-0.5, 0.5),
    distance=st.floats(1, 300),
)
def test_a_footprint_lies_around_its_return_at_the_same_range(azimuth, elevation, distance) -> None:
    flat = np.cos(elevation)
    direction = [flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)]
    returns = bearings(np.float32([direction]) * np.float32(distance), 0.02, 0.05)
    around = footprint(returns, 400).astype(np.float64)
    assert np.linalg.norm(around, axis=1) == pytest.approx(np.full(400, distance), rel=1e-5)
    off_azimuth = np.angle(np.exp(1j * (np.arctan2(around[:, 1], around[:, 0]) - azimuth)))
    off_elevation = np.arcsin(around[:, 2] / np.linalg.norm(around, axis=1)) - elevation
    for off, sigma in ((off_azimuth, 0.02), (off_elevation, 0.05)):
        # A normal distribution in the plane, cut off at two sigma, has 0.829 sigma on each axis.
        assert off.std() == pytest.approx(0.829 * sigma, rel=0.02)
        assert abs(off.mean()) < 0.02 * sigma
        assert np.abs(off).max() <= 2.001 * sigma


def test_each_return_has_the_error_that_its_driver_states(make_view) -> None:
    # 2 px of label 7 in the middle: most of a footprint of 0.005 rad, little of one of 0.1 rad.
    view = make_view(columns(c7=slice(99, 101)), T=T_CAMERA_RADAR)
    errors = {"azimuth_sigma_rad": [0.005, 0.1], "elevation_sigma_rad": 0.001}
    found = transfer(np.repeat(AHEAD, 2, 0), [view], samples=100, **errors)
    assert found.labels.tolist() == [7, 0]


def wall(distance: float, columns: range, label: int, confidence: float = 1.0) -> tuple:
    """Lidar points of a wall across x, 0.1 rad high, every 0.01 rad of azimuth."""
    azimuth, elevation = np.meshgrid(np.array(columns) * 0.01, np.arange(-5, 6) * 0.01)
    azimuth, elevation = azimuth.ravel(), elevation.ravel()
    flat = distance * np.cos(elevation)
    xyz = np.stack(
        [flat * np.cos(azimuth), flat * np.sin(azimuth), distance * np.sin(elevation)], 1
    )
    return (
        xyz.astype(np.float32),
        np.full(len(xyz), label, np.uint8),
        np.full(len(xyz), confidence, np.float32),
    )


def lidar_of(*walls: tuple) -> LidarLabelIndex:
    return LidarLabelIndex(*(np.concatenate(parts) for parts in zip(*walls, strict=True)))


def test_of_two_directions_the_one_counts_in_which_something_is_that_far(make_view) -> None:
    # A trunk 0.02 rad to the right at 10 m before a hedge at 14 m: the image shows hedge ahead.
    view = make_view(columns(c7=slice(100, 104)), T=T_CAMERA_RADAR)
    lidar = lidar_of(wall(10, range(-4, -1), 7, 0.75), wall(14, range(-1, 20), 0))
    error = {"azimuth_sigma_rad": 0.03, "samples": 100}
    alone, asked = (transfer(AHEAD, [view], lidar=one, **error) for one in (None, lidar))
    assert alone.labels[0] == 0
    assert (asked.labels[0], asked.sources[0]) == (7, 0)
    assert asked.confidence[0] == pytest.approx(0.75)
    hedge = transfer(np.float32([[14, 0, 0]]), [view], lidar=lidar, **error)
    assert hedge.labels[0] == 0


def test_what_the_lidar_has_behind_leaves_is_hidden_from_the_camera_too(make_view) -> None:
    view = make_view(labels=3, T=T_CAMERA_RADAR)
    hidden = lidar_of(wall(10, range(-9, 10), UNKNOWN, 0.0), wall(8, range(-9, 10), 3))
    found = transfer([[10, 0, 0], [8, 0, 0]], [view], lidar=hidden)
    assert [PointStatus(s) for s in found.status] == [S.OCCLUDED, S.LABELLED]
    assert found.labels.tolist() == [UNKNOWN, 3]
    assert (found.confidence[0], found.sources[0]) == (0, 255)


def test_a_return_where_the_lidar_has_looked_and_found_nothing_is_uncertain(make_view) -> None:
    view = make_view(labels=3, T=T_CAMERA_RADAR)
    found = transfer([[10, 0, 0]], [view], lidar=lidar_of(wall(20, range(-9, 10), 3)))
    assert (found.status[0], found.labels[0]) == (S.UNCERTAIN, UNKNOWN)


def test_where_the_lidar_has_not_looked_the_camera_counts(make_view) -> None:
    view = make_view(labels=3, T=T_CAMERA_RADAR)
    aside = lidar_of(wall(10, range(30, 40), 5))
    nothing = LidarLabelIndex(
        np.zeros((0, 3), np.float32), np.zeros(0, np.uint8), np.zeros(0, np.float32)
    )
    for lidar in (aside, nothing):
        found = transfer([[10, 0, 0]], [view], lidar=lidar)
        assert (found.status[0], found.labels[0]) == (S.LABELLED, 3)
    assert len(transfer(np.zeros((0, 3)), [view], lidar=aside).labels) == 0


@given(seed=st.integers(0, 2**32 - 1))
def test_the_lidar_says_what_all_pairs_of_return_and_point_say(seed) -> None:
    random = np.random.default_rng(seed)
    points = random.normal(size=(300, 3)).astype(np.float32) * 3
    returns = random.normal(size=(40, 3)).astype(np.float32) * 3
    labels = random.integers(0, 4, 300).astype(np.uint8)
    sure = random.choice([0, 0.5, 1], 300).astype(np.float32)
    sigmas = random.uniform(0.05, 0.3), random.uniform(0.05, 0.3), random.uniform(0.1, 1)
    prior = LidarLabelIndex(points, labels, sure).prior(bearings(returns, *sigmas))
    here, there = np.stack(polar(points)), np.stack(polar(returns))
    # The pole and the seam behind are left out: a radar looks ahead.
    ahead = (np.abs(there[0]) < 2) & (np.abs(there[1]) < 0.7)
    off = (here[:, None] - there[:, :, None]) / np.reshape(sigmas, (3, 1, 1))
    square = (off**2).sum(0)
    weight = np.where(square < 2.5**2, np.exp(-square / 2), 0)
    assert prior.mass[ahead] == pytest.approx(weight.sum(1)[ahead], rel=1e-3, abs=0.05)
    visible = (weight * (sure > 0)).sum(1)
    assert prior.visible[ahead] == pytest.approx(visible[ahead], rel=1e-3, abs=0.05)
    votes = np.stack([(weight * sure * (labels == n)).sum(1) for n in range(4)])
    told = ahead & (weight.sum(1) > 1)
    share = votes.max(0) / np.maximum(weight.sum(1), 1e-9)
    assert prior.confidence[told] == pytest.approx(share[told], abs=0.05)
    # Whoever has three points within its own errors has been looked at.
    near = ((off[:2] ** 2).sum(0) < 2.5**2).sum(1) >= 3
    assert prior.observed[ahead & near].all()


@given(seed=st.integers(0, 2**32 - 1))
def test_of_a_radar_that_looks_ahead_as_much_is_said_as_of_one_that_looks_around(seed) -> None:
    """Where returns lie all around, every point is looked at; ahead, a part of them."""
    random = np.random.default_rng(seed)
    points = random.normal(size=(500, 3)).astype(np.float32) * 5
    labels = random.integers(0, 4, 500).astype(np.uint8)
    lidar = LidarLabelIndex(points, labels, random.random(500).astype(np.float32))
    azimuth = random.uniform(-3.1, 3.1) + random.uniform(-1, 1, 20)
    ahead = np.stack([4 * np.cos(azimuth), 4 * np.sin(azimuth), random.normal(size=20)], axis=1)
    around = np.concatenate([ahead, [[5, 0, 0], [0, 5, 0], [-5, 0.1, 0], [0, -5, 0]]])
    few, all_around = (lidar.prior(bearings(at, 0.1, 0.2, 1.0)) for at in (ahead, around))
    for name in ("observed", "mass", "visible", "labels", "confidence"):
        np.testing.assert_array_equal(getattr(few, name), getattr(all_around, name)[:20], name)
