"""How many images are decoded ahead follows from what decoding and the engine take."""

import pytest

from seg_perception.inference.look_ahead import LookAhead, UsualDuration


def after(ready_s, engine_s, most=4):
    ahead = LookAhead(most)
    ahead.made_ready(ready_s)
    ahead.inferred(engine_s)
    return ahead.images


@pytest.mark.parametrize(
    ("ready_s", "engine_s", "images"),
    [
        (0.012, 0.015, 1),
        (0.016, 0.015, 2),
        (0.029, 0.015, 2),
        (0.031, 0.015, 3),
        (1.0, 0.015, 4),
        (0.0, 0.015, 1),
        (0.01, 0.0, 4),
    ],
)
def test_as_many_are_out_as_become_ready_while_the_engine_works_on_one(ready_s, engine_s, images):
    assert after(ready_s, engine_s) == images


def test_while_nothing_is_known_there_are_as_many_as_there_may_be():
    ahead = LookAhead(3)
    assert ahead.images == 3
    ahead.made_ready(0.001)
    assert ahead.images == 3
    ahead.inferred(0.015)
    assert ahead.images == 1


def test_a_usual_duration_is_the_average_and_the_deviation_from_it():
    duration = UsualDuration()
    duration.add(0.010)
    assert duration.seconds == pytest.approx(0.010)
    duration.add(0.020)
    # Average 0.010 + 0.1 of 0.010; deviation 0.1 of 0.010.
    assert duration.seconds == pytest.approx(0.011 + 0.001)


def test_one_slow_image_is_forgotten():
    duration = UsualDuration()
    duration.add(0.010)
    duration.add(1.0)
    for _ in range(100):
        duration.add(0.010)
    assert duration.seconds == pytest.approx(0.010, rel=0.02)
