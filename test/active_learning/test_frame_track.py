"""Which frame of a sequence is the odd one."""

import math

import pytest

from seg_perception.active_learning.frame_track import FrameTrack, TrackedFrame
from seg_perception.active_learning.temporal_consistency import SmallLabels
from seg_perception.active_learning.view_agreement import Evidence
from seg_perception.fusion.view import PreparedLabelMap


@pytest.fixture
def follow(make):
    """Disagreements of frames, from how much each denies the one before (None: no neighbour)."""

    def run(denied, points=(), across=()):
        track, done = FrameTrack(), []
        for n, share in enumerate(denied):
            label_map = make.label_map([[0, 1]])
            prepared, small = PreparedLabelMap(label_map), SmallLabels(label_map, make.unknown)
            seen = TrackedFrame(make.candidate(n), n, prepared, small, follows=share is not None)
            seen.by_pixels = Evidence(share or 0.0, 1.0)
            seen.by_points = dict(points).get(n, Evidence())
            seen.other_cameras = dict(across).get(n, Evidence())
            done.append(track.add(seen))
        done = [candidate for candidate in done if candidate is not None]
        return [candidate.disagreement for candidate in (*done, *track.finish())]

    return run


def test_only_the_frame_that_both_neighbours_deny_is_odd(follow):
    assert follow([None, 0.0, 0.8, 0.7, 0.1]) == [0.0, 0.0, 0.7, 0.1, 0.1]


def test_a_scene_that_changes_for_good_is_not_odd(follow):
    assert max(follow([None, 0.0, 0.9, 0.0, 0.0])) == 0.0


def test_a_frame_without_neighbours_is_not_judged(follow):
    assert all(math.isnan(share) for share in follow([None, None]))


def test_points_count_before_pictures(follow):
    found = follow([None, 0.9, 0.9, 0.9], points={n: Evidence(1, 10) for n in (1, 2, 3)})
    assert found == [0.1, 0.1, 0.1, 0.1]


def test_another_camera_can_deny_a_frame_alone(follow):
    assert follow([None, 0.0, 0.0], across={1: Evidence(3, 4)}) == [0.0, 0.75, 0.0]


def test_long_sequences_are_completed_on_the_way(follow):
    assert follow([None, *[0.5] * 99]) == [0.5] * 100


def test_a_scan_asks_the_two_frames_around_it(make):
    track, seen = FrameTrack(), []
    for n, time_ns in enumerate((0, 100, 200, 300)):
        label_map = make.label_map([[0, 1]])
        prepared, small = PreparedLabelMap(label_map), SmallLabels(label_map, make.unknown)
        seen.append(TrackedFrame(make.candidate(n), time_ns, prepared, small))
        track.add(seen[-1])
        if n == 0:
            assert track.around(70) == seen
    for time_ns, expected in ((-5, [0, 1]), (130, [1, 2]), (299, [2, 3]), (300, [2, 3])):
        assert track.around(time_ns) == [seen[n] for n in expected]
