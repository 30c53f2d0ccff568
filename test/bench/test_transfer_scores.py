from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("embreex", reason="the simulator needs the package embreex")
pytest.importorskip("scipy", reason="the baselines need the package scipy")

from bench.transfer_quality.baselines import (
    hidden_point_removal,
    one_pixel_buffer,
    screen_neighbours,
)
from bench.transfer_quality.conditions import CONDITIONS
from bench.transfer_quality.scores import Comparison, Score
from seg_perception.geometry.projection import Hits

TRUNK, GRASS, UNKNOWN = 6, 3, 255


@pytest.fixture
def counted():
    """Six points: right, right and faint, wrong, hidden, missed trunk, missed grass."""
    labels = np.array([TRUNK, GRASS, TRUNK, GRASS, UNKNOWN, UNKNOWN])
    truth = np.array([TRUNK, GRASS, GRASS, GRASS, TRUNK, GRASS], np.uint8)
    visible = np.array([1, 1, 1, 0, 1, 1], bool)
    labelled = labels != UNKNOWN
    confidence = np.array([0.99, 0.52, 0.52, 0.52, 0, 0], np.float32)
    comparison = Comparison(
        visible, labelled, labelled & visible & (labels == truth), confidence, truth, labels
    )
    score = Score([TRUNK])
    score.add(comparison, 2.0, 1.0)
    return score


def test_coverage_counts_what_could_be_labelled(counted):
    assert counted.coverage == 3 / 5


def test_a_labelled_hidden_point_is_wrong(counted):
    assert counted.wrong_share == 2 / 4
    assert counted.mislabelled == 1


def test_a_visible_point_without_label_is_missed(counted):
    assert counted.iou(0) == 1 / 3


def test_the_curve_starts_with_the_most_confident(counted):
    assert counted.purity_by_coverage() == pytest.approx(np.array([[1 / 5, 0], [3 / 5, 0.5]]))


def test_the_wrong_share_at_a_coverage_lies_on_the_curve(counted):
    assert counted.wrong_at(0.4) == pytest.approx(0.25)
    assert counted.wrong_at(0.7) is None


def test_the_calibration_error_is_weighed_by_points(counted):
    # One point at 0.99 that is right, three at 0.52 of which one is.
    assert counted.calibration_error == pytest.approx((0.01 + abs(1 - 3 * 0.52)) / 4, abs=1e-6)


def wall_and_post():
    """A wall at 10 m, a point at every pixel, and a post at 5 m in half of the columns between."""
    u, v = (m.ravel().astype(float) for m in np.meshgrid(np.arange(20), np.arange(20)))
    depth = np.full(u.shape, 10.0)
    u, v = np.append(u, [10.0] * 20), np.append(v, np.arange(20.0))
    depth = np.append(depth, np.full(20, 5.0))
    xyz = np.stack([(u - 9.5) / 100 * depth, (v - 9.5) / 100 * depth, depth], axis=1)
    return Hits(np.arange(len(u)), u, v, depth), xyz.astype(np.float32)


def test_a_buffer_of_pixels_hides_what_shares_a_pixel_only():
    hits, xyz = wall_and_post()
    kept = one_pixel_buffer(hits, xyz)
    assert np.flatnonzero(~kept).tolist() == [10 + 20 * row for row in range(20)]


@pytest.mark.parametrize(("keep", "least"), [(hidden_point_removal, 0.5), (screen_neighbours, 0.9)])
def test_baselines_keep_the_post_and_most_of_the_wall(keep, least):
    hits, xyz = wall_and_post()
    kept = keep(hits, xyz)
    assert kept[400:].all()
    behind = np.isin(hits.u[:400], [10])
    assert kept[:400][behind].mean() < 0.2
    far = np.abs(hits.u[:400] - 10) > 4
    assert kept[:400][far].mean() > least


def test_a_condition_is_off_by_what_it_says():
    by_key = {condition.key: condition for condition in CONDITIONS}
    T = np.eye(4)
    turned = by_key["turned"].miscalibrated(T, [1])
    angle = np.degrees(np.arccos((np.trace(turned[:3, :3]) - 1) / 2))
    assert angle == pytest.approx(0.5)
    assert np.linalg.norm(by_key["shifted"].miscalibrated(T, [1])[:3, 3]) == pytest.approx(0.05)
    assert np.array_equal(by_key["ideal"].miscalibrated(T, [1]), T)
