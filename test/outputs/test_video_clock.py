"""Times of a video are the stamps' own, but for gaps at which nobody would look."""

from seg_perception.outputs.video_clock import VideoClock

SECOND = 10**9
START = 1_700_000_000 * SECOND


def times(*after_s):
    clock = VideoClock()
    found = [clock.time_ns(START + round(s * SECOND)) for s in after_s]
    return [None if at is None else at / SECOND for at in found], clock.cuts


def test_stamps_are_kept_to_the_nanosecond():
    clock = VideoClock()
    assert [clock.time_ns(START + n) for n in (0, 7, 33_333_333)] == [0, 7, 33_333_333]
    assert clock.end_ns == 33_333_333


def test_a_short_gap_is_shown_and_a_long_one_takes_a_second():
    assert times(0, 0.1, 5.1) == ([0, 0.1, 5.1], 0)
    assert times(0, 0.1, 5.2, 5.3) == ([0, 0.1, 1.1, 1.2], 1)
    assert times(0, 86_400, 86_401) == ([0, 1, 2], 1)


def test_a_picture_that_is_late_or_comes_twice_is_left_out():
    assert times(0, 0.2, 0.1, 0.2, 0.3) == ([0, 0.2, None, None, 0.3], 0)


def test_a_bag_that_begins_anew_goes_on():
    assert times(0, 1, 2, 0, 1) == ([0, 1, 2, 3, 4], 1)
