"""What recorded data says of the transfer; people's labels of one scene never agree wholly."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy", reason="the baselines need the package scipy")

from bench.transfer_quality import real
from bench.transfer_quality.samples import Kitti, Model, NuScenes


@pytest.fixture(scope="module")
def folder(shared_data):
    return shared_data / "real"


@pytest.fixture(scope="module")
def rows(folder):
    return real.rows(folder)


def test_painted_labels_agree_with_the_lidars_as_is_known(rows):
    fine, coarse, model = rows[:3]
    assert fine.naive == (7429, pytest.approx(0.773, abs=0.001))
    assert fine.ours[1] > 0.75
    # Grass against puddle is the same ground.
    assert coarse.ours[1] > 0.9
    # One picture, in which the half of the points that is sure is no better than all of them.
    assert model.naive[1] > 0.8
    assert model.sure[1] > 0.8


def test_confidence_tells_the_better_points_of_kitti(rows):
    in_boxes, named = rows[3:5]
    assert in_boxes.naive[0] > 1500
    assert 1 - in_boxes.sure[1] < (1 - in_boxes.naive[1]) / 3
    assert named.sure[1] > 1.5 * named.naive[1]


def test_cameras_of_an_overlap_agree_where_they_are_sure(rows):
    labelled, same = rows[5:]
    assert 0.4 < labelled.ours[1] <= labelled.naive[1]
    assert same.naive[0] > 1000
    assert same.sure[1] > same.naive[1] + 0.1


def test_boxes_hold_points_of_their_things_and_no_ground(folder):
    for frame in ("000000", "000002"):
        for box in Kitti(folder, frame).boxes:
            assert box.inside.sum() > 5
    person = Kitti(folder, "000000")
    stands = person.xyz[person.boxes[0].inside]
    # Somebody who walks across, 1.9 m tall, seen from the front.
    assert np.ptp(stands, axis=0)[2] == pytest.approx(1.8, abs=0.2)
    assert np.ptp(stands, axis=0)[:2].max() < 1.3


def test_six_cameras_look_all_around(folder):
    assert len({picture.frame.camera for picture in NuScenes(folder).pictures}) == 6


def test_the_table_has_a_line_for_each_share(rows):
    assert real.markdown(rows).count("\n| ") == len(rows)


def test_the_model_speaks_of_people_and_vehicles():
    assert {"person", "vehicle"} <= set(Model().ontology.ids)
