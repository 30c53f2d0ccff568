"""Images give way to what is urgent, and not for longer than they may."""

from __future__ import annotations

import pytest

from seg_perception.inference.pause import Pause


class Clock:
    """Shows what it is set to."""

    now_s = 10.0

    def __call__(self) -> float:
        """The time set."""
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pause(clock: Clock) -> Pause:
    return Pause(0.5, clock)


def test_it_is_on_from_the_first_that_begins_to_the_last_that_ends(pause: Pause) -> None:
    seen = [pause.is_on]
    for step in (pause.begin, pause.begin, pause.end, pause.end):
        step()
        seen.append(pause.is_on)
    assert seen == [False, True, True, True, False]


def test_it_is_over_after_its_longest(pause: Pause, clock: Clock) -> None:
    pause.begin()
    clock.now_s = 10.25
    assert pause.is_on
    clock.now_s = 10.5
    assert not pause.is_on


def test_one_after_the_other_holds_up_an_image_no_longer_than_one_alone(
    pause: Pause, clock: Clock
) -> None:
    pause.begin()
    clock.now_s = 10.25
    pause.end()
    clock.now_s = 12.0
    pause.begin()
    clock.now_s = 12.125
    assert pause.is_on
    clock.now_s = 12.25
    assert not pause.is_on


def test_each_image_begins_the_count_anew(pause: Pause, clock: Clock) -> None:
    pause.begin()
    clock.now_s = 10.5
    pause.end()
    pause.image_begun()
    pause.begin()
    clock.now_s = 10.75
    assert pause.is_on


def test_what_takes_too_long_lets_all_images_go(pause: Pause, clock: Clock) -> None:
    pause.begin()
    clock.now_s = 10.5
    pause.image_begun()
    assert not pause.is_on
    clock.now_s = 20.0
    assert not pause.is_on
