"""Radar returns get the label of most of their footprint, not of one pixel."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.fusion.radar import footprint, transfer_radar_labels
from seg_perception.fusion.transfer import Transfer
from seg_perception.stages import RadarTransferConfig
from seg_perception.types import PointStatus

from .conftest import HEIGHT, WIDTH

UNKNOWN = 255
S = PointStatus
# The radar's frame is a body frame (x forward); it sits where the camera is.
T_CAMERA_RADAR = np.array([[0.0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
AHEAD = np.float32([[10, 0, 0]])


def transfer(xyz, views, unknown_id=UNKNOWN, **config) -> Transfer:
    return transfer_radar_labels(np.float32(xyz), views, RadarTransferConfig(**config), unknown_id)


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
    config = RadarTransferConfig(azimuth_sigma_rad=0.02, elevation_sigma_rad=0.05, samples=400)
    flat = np.cos(elevation)
    direction = [flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)]
    around = footprint(np.float32([direction]) * np.float32(distance), config).astype(np.float64)
    assert np.linalg.norm(around, axis=1) == pytest.approx(np.full(400, distance), rel=1e-5)
    off_azimuth = np.angle(np.exp(1j * (np.arctan2(around[:, 1], around[:, 0]) - azimuth)))
    off_elevation = np.arcsin(around[:, 2] / np.linalg.norm(around, axis=1)) - elevation
    for off, sigma in ((off_azimuth, 0.02), (off_elevation, 0.05)):
        # A normal distribution in the plane, cut off at two sigma, has 0.829 sigma on each axis.
        assert off.std() == pytest.approx(0.829 * sigma, rel=0.02)
        assert abs(off.mean()) < 0.02 * sigma
        assert np.abs(off).max() <= 2.001 * sigma
