"""What each part of the transfer is worth, in the short form of `make bench-transfer`."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

pytest.importorskip("embreex", reason="the simulator needs the package embreex")
pytest.importorskip("scipy", reason="the baselines need the package scipy")

from bench.transfer_quality import curves, fit, report
from bench.transfer_quality.conditions import CONDITIONS
from bench.transfer_quality.extents import SHORT
from bench.transfer_quality.labels import ExactLabels
from bench.transfer_quality.run import run
from seg_perception.config import TransferConfig

# The first test that asks records and scores everything.
pytestmark = pytest.mark.timeout(600)
NAMES = {condition.key: condition.name for condition in CONDITIONS}
TRUNK, POLE = 0, 1


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    return run(SHORT, tmp_path_factory.mktemp("observations"))


@pytest.fixture(scope="module")
def score(scores):
    by_key = {dataclasses.astuple(cell)[1:]: one for cell, one in scores.items()}

    def find(method, condition, sensor="lidar32", cameras=1):
        return by_key[sensor, cameras, NAMES[condition], method]

    return find


def test_labels_stay_right_while_the_robot_turns(score):
    still, turning = score("ours", "ideal"), score("ours", "motion")
    assert turning.iou(TRUNK) > 0.85 * still.iou(TRUNK)
    assert turning.wrong_share < 1.2 * still.wrong_share


@pytest.mark.parametrize("part", ["motion", "deskewing"])
def test_time_is_what_keeps_them_right(score, part):
    whole, without = score("ours", "motion"), score(f"ours, without {part}", "motion")
    assert without.iou(TRUNK) < 0.4 * whole.iou(TRUNK)
    assert without.wrong_share > 1.5 * whole.wrong_share


def test_a_rolling_shutter_is_followed_row_by_row(score):
    whole, without = score("ours", "rolling"), score("ours, without the shutter", "rolling")
    assert whole.iou(TRUNK) > 0.85 * score("ours", "ideal").iou(TRUNK)
    assert without.iou(TRUNK) < 0.75 * whole.iou(TRUNK)
    assert without.wrong_share > 1.15 * whole.wrong_share


def test_nearest_pixel_loses_the_trunks(score):
    assert score("nearest pixel", "motion").iou(TRUNK) < 0.25
    assert score("nearest pixel", "motion").wrong_share > 2 * score("ours", "motion").wrong_share


def test_the_lens_counts(score):
    whole, without = score("ours", "ideal"), score("ours, without the lens", "ideal")
    assert without.iou(TRUNK) < 0.6 * whole.iou(TRUNK)


def test_the_depth_buffer_takes_out_hidden_points_and_a_pixels_does_not(score):
    naive, ours = score("nearest pixel", "ideal"), score("ours", "ideal")
    assert ours.hidden / ours.labelled < 0.7 * naive.hidden / naive.labelled
    assert ours.wrong_share < 0.75 * naive.wrong_share
    without = score("ours, without visibility", "ideal")
    assert without.hidden / without.labelled > 0.95 * naive.hidden / naive.labelled
    one_pixel = score("one-pixel depth buffer", "ideal")
    assert one_pixel.wrong_share > 0.97 * naive.wrong_share


def test_a_rolling_shutter_is_taken_into_account(score):
    whole, without = score("ours", "rolling"), score("ours, without the shutter", "rolling")
    assert whole.iou(TRUNK) > 1.4 * without.iou(TRUNK)
    assert whole.wrong_share < 0.9 * without.wrong_share


@pytest.mark.parametrize("condition", ["ideal", "motion"])
@pytest.mark.parametrize("cameras", [1, 3])
def test_a_lidar_halves_what_is_wrong_of_a_radars_labels(score, condition, cameras):
    ours = score("ours", condition, sensor="radar", cameras=cameras)
    naive = score("nearest pixel", condition, sensor="radar", cameras=cameras)
    alone = score("ours, without lidar", condition, sensor="radar", cameras=cameras)
    assert ours.wrong_share < 0.6 * naive.wrong_share
    assert ours.wrong_share < 0.7 * alone.wrong_share
    assert ours.iou(TRUNK) > naive.iou(TRUNK)


def test_boundaries_make_the_confidence_honest(score):
    whole, without = score("ours", "turned"), score("ours, without boundaries", "turned")
    assert whole.calibration_error < 0.6 * without.calibration_error


def test_the_lidar_confirms_what_the_radar_hears(score):
    naive, ours = (score(m, "ideal", "radar", 3) for m in ("nearest pixel", "ours"))
    without = score("ours, without lidar", "ideal", "radar", 3)
    assert ours.wrong_share < 0.65 * naive.wrong_share
    assert without.wrong_share > 0.85 * naive.wrong_share
    assert ours.coverage > 0.65


def test_the_best_supported_camera_is_no_worse_than_the_last(score):
    best = score("ours", "turned", cameras=3)
    last = score("ours, the last camera counts", "turned", cameras=3)
    assert best.wrong_share <= last.wrong_share
    assert best.visible > 2 * score("ours", "turned").visible


def test_the_oracle_is_wrong_only_by_a_pixels_size(score):
    for condition in NAMES:
        oracle = score("oracle", condition)
        assert oracle.coverage == 1
        assert oracle.hidden == 0
        assert oracle.wrong_share < 0.13


def test_the_coefficients_of_confidence_are_about_those_that_the_truth_asks_for(tmp_path):
    tasks = fit.ideal_tasks(SHORT.plans, ExactLabels(), tmp_path)
    configured = np.array([getattr(TransferConfig(), name) for name in fit.COEFFICIENTS])
    assert fit.loss(tasks, configured) < fit.loss(tasks, np.array([3.0, 2.0, 0.1]))
    assert fit.calibration_error(tasks, configured) < 0.1


def test_every_score_lands_in_table_document_and_picture(scores, tmp_path):
    report.write(scores, tmp_path)
    curves.write(scores, tmp_path / "curves")
    curves.write_overviews(scores, tmp_path)
    table = (tmp_path / "table.md").read_text()
    assert table.count("| ours |") == 4
    assert "nearest labelled lidar point" in table
    assert table.count("| exact labels, ") == 4
    assert len(list(tmp_path.glob("overview_*.png"))) == 2
    assert len(list((tmp_path / "curves").glob("*.png"))) == 2 * 4 * len(CONDITIONS)
