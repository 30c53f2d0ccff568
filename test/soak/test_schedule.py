"""When which fault comes."""

from __future__ import annotations

import random
from types import SimpleNamespace

from soak.schedule import Schedule


class Clock:
    """Time that a test moves."""

    def __init__(self):
        self.now_s = 0.0

    def monotonic(self):
        return self.now_s


def resting_world():
    rng = random.Random(3)  # noqa: S311 (no secret)
    return SimpleNamespace(rng=rng, pace=0.0, robot=SimpleNamespace(calm=True))


def test_every_kind_comes_once_before_any_comes_again(monkeypatch):
    def one(_world):
        yield 0.0

    def two(_world):
        yield 0.0

    monkeypatch.setattr("soak.schedule.FAULTS", (one, two))
    monkeypatch.setattr("soak.schedule._SHORTEST_GAP_S", 0.0)
    clock = Clock()
    monkeypatch.setattr("soak.schedule.time", clock)
    world = resting_world()
    schedule = Schedule(world)
    for _ in range(12):  # each has a begin and an end
        schedule.step()
        clock.now_s += 1.0
    names = [event.name for event in schedule.events]
    assert [set(names[n : n + 2]) for n in (0, 2, 4)] == [{"one", "two"}] * 3
    assert schedule.warm_s == schedule.events[1].end_s


def test_a_fault_that_is_on_at_the_end_is_mended(monkeypatch):
    mended = []

    def fault(_world):
        try:
            yield 100.0
        finally:
            mended.append(True)

    monkeypatch.setattr("soak.schedule.FAULTS", (fault,))
    monkeypatch.setattr("soak.schedule._SHORTEST_GAP_S", 0.0)
    world = resting_world()
    schedule = Schedule(world)
    schedule.step()
    schedule.close()
    assert (mended, [event.name for event in schedule.events]) == ([True], ["fault"])
    assert not world.robot.calm


def test_the_model_is_loaded_anew_as_often_as_is_asked_for(monkeypatch):
    def other(_world):
        yield 0.0

    def reloaded(_world):
        yield 0.0

    monkeypatch.setattr("soak.schedule.FAULTS", (other,))
    monkeypatch.setattr("soak.schedule.reloaded", reloaded)
    monkeypatch.setattr("soak.schedule._SHORTEST_GAP_S", 0.0)
    clock = Clock()
    monkeypatch.setattr("soak.schedule.time", clock)
    schedule = Schedule(resting_world(), reload_s=6.0)
    for _ in range(20):
        schedule.step()
        clock.now_s += 1.0
    begins = [event.begin_s for event in schedule.events if event.name == "reloaded"]
    assert begins == [6.0, 12.0, 18.0]
