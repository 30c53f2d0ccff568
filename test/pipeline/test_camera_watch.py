"""A knocked camera is named after two searches that agree; a sound one, and a blind one, is not."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from boxes import NONE, boxes, observation

from seg_perception.alignment.rotation_search import RotationSearch, turn
from seg_perception.alignment.window import Window
from seg_perception.config import Config
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.types import NANOSECONDS
from seg_perception.geometry.correction import Correction
from seg_perception.pipeline import camera_watch
from seg_perception.pipeline.camera_watch import CameraWatch
from seg_perception.pipeline.frame_convention import FrameConventionDetector

STEP_NS = 3 * NANOSECONDS
CONFIG = Config.from_parameters({"cameras": ["front"], "camera.front.image_topic": "/image"})


@cache
def seen_of(seed):
    return observation(*boxes(seed, count=5))


class Watched:
    """A camera under watch, whose place is turned against what tf says."""

    def __init__(self, *, follow=False):
        self.issues = IssueLog()
        self.conventions = FrameConventionDetector(CONFIG, self.issues)
        self.watch = CameraWatch("front", self.conventions, self.issues, follow=follow)
        self.now_ns = 0

    def see(self, count, turned_deg=(0, 0, 0), edges=None, focal=1.0):
        """So many moments more; camera_info has so many times the true focal length."""
        lens = seen_of(0).calibration
        lens = replace(lens, k=lens.k * np.array([[focal, 1, 1], [1, focal, 1], [1, 1, 1]]))
        for _ in range(count):
            self.now_ns += STEP_NS
            seen = seen_of(self.now_ns // STEP_NS % 7)
            T = self.conventions.correction("front").T @ turn(np.array(turned_deg, float))
            seen = replace(seen, T_camera_lidar=T[None])
            seen = replace(seen, calibration=lens) if focal != 1 else seen
            if edges is not None:
                seen = replace(seen, depth_edges=edges)
            self.watch.add(seen, self.now_ns)

    @property
    def said(self):
        return {issue.code: issue.sentence for issue in self.issues.all()}


@pytest.fixture
def searches(monkeypatch):
    """What searches find, one after the other; the last again and again."""

    def plant(*turns_deg):
        left = list(turns_deg)

        def search(_evidence):
            found = left.pop(0) if len(left) > 1 else left[0]
            return RotationSearch(
                turn_deg=np.array(found or (0, 0, 0), float),
                interval_deg=np.array([0.1, 0.1, 0.2]),
                window=Window(np.zeros(3), z=9.0 if found else 2.0, distinctness=3, sigma=1),
                halves_deg=np.zeros(3),
                is_inside=True,
                edges=400,
            )

        monkeypatch.setattr(camera_watch, "search_rotation", search)

    return plant


def test_a_sound_camera_is_never_suspected():
    watched = Watched()
    watched.see(3)
    assert watched.watch.state.answer == "unknown"
    watched.see(9)
    assert watched.watch.state == replace(watched.watch.state, answer="fits", moments=12)
    assert (watched.watch.state.searches, watched.said) == (0, {})


def test_a_knock_is_named_within_a_minute_with_its_turn_until_it_is_set_right(searches):
    watched = Watched()
    # The first one still has moments from before the knock in it.
    searches(None, (0, 1, 0))
    watched.see(4)
    before_ns = watched.now_ns
    while watched.watch.state.answer != "moved":
        watched.see(1, (0, -1, 0))
    assert watched.now_ns - before_ns <= 30 * NANOSECONDS
    assert "yaw +1.00" in watched.said["calibration_moved"]
    assert "correction_rpy_deg to [0.000, 1.000, 0.000]" in watched.said["calibration_moved"]
    watched.conventions.correct("front", Correction.of((0, 0, 0), (0, 1, 0)))
    watched.see(4, (0, -1, 0))
    assert (watched.watch.state.answer, watched.said) == ("fits", {})


@pytest.mark.parametrize(("degrees", "is_misplaced"), [(1.0, False), (1.1, True)])
def test_a_camera_knocked_by_more_than_a_degree_is_not_trusted(searches, degrees, is_misplaced):
    watched = Watched()
    searches((0, degrees, 0))
    watched.see(4)
    watched.see(10, (0, -degrees, 0))
    assert watched.watch.state.answer == "moved"
    assert watched.watch.state.is_misplaced == is_misplaced
    trust = "nothing that it shows is taken for free ground"
    assert (trust in watched.said["calibration_moved"]) == is_misplaced
    watched.see(6)
    assert not watched.watch.state.is_misplaced


def test_another_lens_is_named_with_its_focal_length_and_is_not_trusted():
    watched = Watched()
    watched.see(4)
    before_ns = watched.now_ns
    # camera_info says 192 px now; the pictures are those of the true lens, of 240 px.
    while watched.watch.state.answer != "lens":
        watched.see(1, focal=0.8)
    assert watched.now_ns - before_ns <= 45 * NANOSECONDS
    said = watched.said["lens_unfit"]
    assert ", 1.25 times that of its camera_info" in said
    assert watched.watch.state.is_misplaced
    watched.see(8)
    assert (watched.watch.state.answer, watched.said) == ("fits", {})
    assert not watched.watch.state.is_misplaced


def test_one_search_alone_names_nobody(searches):
    watched = Watched()
    searches((0, 1, 0), (0, -2, 0), None)
    watched.see(4)
    watched.see(12, (0, -1, 0))
    assert watched.watch.state.searches == 3
    assert watched.said == {}


def test_who_finds_nothing_rests_longer_and_longer(searches):
    watched = Watched()
    searches(None)
    watched.see(30, (0, -1, 0))
    # After 12 s, and then after 10, 20 and 40 s at least, on steps of 3 s: 12, 24, 45 and 87 s.
    assert watched.watch.state.searches == 4
    watched.see(6)
    assert watched.watch.state.answer == "fits"
    watched.see(5, (0, -1, 0))
    assert watched.watch.state.searches == 5


def test_a_large_knock_that_fits_nowhere_near_is_searched_for(searches):
    watched = Watched()
    searches((3, 0, 0))
    watched.see(4)
    watched.see(8, (-3, 0, 0))
    assert "pitch +3.00" in watched.said["calibration_moved"]


@pytest.mark.parametrize("edges", [NONE, replace(boxes(1)[1], edge=boxes(1)[1].edge[:30])])
def test_without_structure_nothing_is_known(edges):
    outside = boxes(1)[1].outside[: len(edges)]
    watched = Watched()
    watched.see(6, edges=replace(edges, outside=outside))
    assert (watched.watch.state.moments, watched.watch.state.answer) == (0, "unknown")


def test_followed_is_what_is_found_and_little_enough(searches):
    watched = Watched(follow=True)
    searches((0, 0.7, 0.1))
    watched.see(6, (0, -0.7, 0))
    # The roll is less than its interval.
    assert watched.conventions.correction("front").rpy_deg == pytest.approx((0, 0.7, 0))
    assert "correction_rpy_deg to [0.000, 0.700, 0.000]" in watched.said["calibration_followed"]
    watched.see(6, (0, -0.7, 0))
    assert (watched.watch.state.answer, watched.watch.state.followed) == ("fits", 1)
    # Another 0.7 degrees would be 1.4 in all.
    watched.see(8, (0, -1.4, 0))
    assert watched.conventions.correction("front").rpy_deg == pytest.approx((0, 0.7, 0))
    assert "correction_rpy_deg to [0.000, 1.400, 0.000]" in watched.said["calibration_moved"]


def test_what_was_followed_ends_where_the_correction_is_configured(searches):
    watched = Watched(follow=True)
    searches((0, 0.7, 0))
    watched.see(6, (0, -0.7, 0))
    camera = CONFIG.cameras["front"].model_copy(update={"correction_rpy_deg": [0.0, 0.0, 0.0]})
    watched.conventions.reconfigure(CONFIG.model_copy(update={"cameras": {"front": camera}}))
    assert watched.conventions.correction("front").rpy_deg == pytest.approx((0, 0.7, 0))
    camera = camera.model_copy(update={"correction_rpy_deg": [0.0, 0.5, 0.0]})
    watched.conventions.reconfigure(CONFIG.model_copy(update={"cameras": {"front": camera}}))
    assert watched.conventions.correction("front").rpy_deg == (0.0, 0.5, 0.0)
    watched.see(1)
    assert watched.said == {}
