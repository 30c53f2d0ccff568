"""Slots of one per camera, taken by smooth weighted round robin."""

from __future__ import annotations

import math
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.inference.pause import Pause
from seg_perception.inference.scheduler import FrameSlots, FrameTurns

# Longer than a test may take.
LONG_S = 1000.0

CAMERAS = ["a", "b", "c", "d"]
weights = st.dictionaries(st.sampled_from(CAMERAS), st.integers(1, 10), min_size=1)


def test_the_newest_item_wins_and_the_replaced_one_comes_back() -> None:
    slots = FrameSlots[int]({"front": 1})
    assert slots.put("front", 1) is None
    assert slots.put("front", 2) == 1
    assert len(slots) == 1
    assert slots.take(0) == 2
    assert slots.take(0) is None


def test_the_order_is_smooth() -> None:
    """The example of nginx: weights 5, 1, 1 give a a b a c a a, not five a in a row."""
    slots = FrameSlots[str]({"a": 5, "b": 1, "c": 1})
    taken = []
    for _ in range(7):
        for camera in "abc":
            slots.put(camera, camera)
        taken.append(slots.take(0))
    assert "".join(filter(None, taken)) == "aabacaa"


@given(weights)
def test_shares_follow_the_weights(share: dict[str, int]) -> None:
    slots = FrameSlots[str](share)
    taken = []
    for _ in range(3 * sum(share.values())):
        for camera in share:
            slots.put(camera, camera)
        taken.append(slots.take(0))
    assert {camera: taken.count(camera) for camera in share} == {c: 3 * w for c, w in share.items()}


@given(weights, st.lists(st.sets(st.sampled_from(CAMERAS)), max_size=80))
def test_no_camera_starves(share: dict[str, int], arrivals: list[set[str]]) -> None:
    slots = FrameSlots[str](share)
    waited: dict[str, int] = {}
    for arriving in arrivals:
        for camera in arriving & set(share):
            slots.put(camera, camera)
            waited.setdefault(camera, 0)
        taken = slots.take(0)
        assert (taken is None) == (not waited)
        waited.pop(taken or "", None)
        waited = {camera: takes + 1 for camera, takes in waited.items()}
        longest = {camera: math.ceil(sum(share.values()) / w) for camera, w in share.items()}
        assert all(takes <= len(share) * longest[camera] for camera, takes in waited.items())


def test_an_absent_camera_gets_no_burst_when_it_returns() -> None:
    slots = FrameSlots[str]({"a": 1, "b": 1})
    for _ in range(10):
        slots.put("a", "a")
        assert slots.take(0) == "a"
    taken = []
    for _ in range(4):
        slots.put("a", "a")
        slots.put("b", "b")
        taken.append(slots.take(0))
    assert taken.count("b") == 2
    assert taken[:2] in (["a", "b"], ["b", "a"])


def test_take_waits_for_put() -> None:
    slots = FrameSlots[str]({"a": 1})
    taken: list[str | None] = []
    thread = threading.Thread(target=lambda: taken.append(slots.take(10)))
    thread.start()
    slots.put("a", "frame")
    thread.join(10)
    assert taken == ["frame"]


def test_close_wakes_the_waiting_and_refuses_what_comes_later() -> None:
    slots = FrameSlots[str]({"a": 1, "b": 1})
    taken: list[str | None] = []
    thread = threading.Thread(target=lambda: taken.append(slots.take(None)))
    thread.start()
    assert slots.close() == []
    thread.join(10)
    assert not thread.is_alive()
    assert taken == [None]
    assert slots.put("a", "late") == "late"
    assert slots.take(None) is None


def test_clear_and_close_hand_back_what_waits() -> None:
    slots = FrameSlots[str]({"a": 1, "b": 1})
    slots.put("a", "1")
    assert slots.clear() == ["1"]
    slots.put("b", "2")
    assert slots.close() == ["2"]
    assert len(slots) == 0


def test_every_item_leaves_exactly_once_under_threads() -> None:
    slots = FrameSlots[tuple[str, int]](dict.fromkeys(CAMERAS, 1))
    left: list[tuple[str, int] | None] = []
    keep = left.append

    def produce(camera: str) -> None:
        for number in range(300):
            keep(slots.put(camera, (camera, number)))

    def consume() -> None:
        while (item := slots.take(None)) is not None:
            keep(item)

    consumers = [threading.Thread(target=consume) for _ in range(2)]
    producers = [threading.Thread(target=produce, args=(camera,)) for camera in CAMERAS]
    for thread in consumers + producers:
        thread.start()
    for thread in producers:
        thread.join(10)
    left += slots.close()
    for thread in consumers:
        thread.join(10)
    assert sorted(item for item in left if item is not None) == [
        (camera, number) for camera in CAMERAS for number in range(300)
    ]


@pytest.mark.parametrize("weight", [0, -1, math.nan])
def test_a_weight_that_is_not_above_zero_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="weight of camera front: expected more than 0"):
        FrameSlots[str]({"front": weight})


def test_an_unknown_camera_is_refused() -> None:
    with pytest.raises(KeyError, match="rear"):
        FrameSlots[str]({"front": 1}).put("rear", "frame")


def test_of_a_camera_one_item_is_out_at_a_time() -> None:
    turns = FrameTurns[str]({"a": 1, "b": 1}, most=2)
    turns.put("a", "a1")
    assert turns.take(0) == "a1"
    turns.put("a", "a2")
    assert turns.put("a", "a3") == "a2"
    assert turns.take(0) is None
    turns.put("b", "b1")
    assert turns.take(0) == "b1"
    turns.bring_back("a")
    assert turns.take(0) == "a3"


def test_no_more_items_than_may_be_are_out() -> None:
    turns = FrameTurns[str]({"a": 1, "b": 1}, most=1)
    turns.put("a", "a1")
    turns.put("b", "b1")
    assert turns.take(0) == "a1"
    assert turns.take(0) is None
    turns.bring_back("a")
    assert turns.take(0) == "b1"


def test_how_many_may_be_out_can_change_with_every_turn() -> None:
    turns = FrameTurns[str]({"a": 1, "b": 1, "c": 1}, most=2)
    for camera in "abc":
        turns.put(camera, camera)
    assert (turns.take(0), turns.take(0), turns.take(0)) == ("a", "b", None)
    turns.bring_back("a", 1)
    assert turns.take(0) is None
    turns.bring_back("b")
    assert turns.take(0) == "c"
    turns.put("a", "a")
    assert turns.take(0) is None


def test_a_turn_that_comes_back_wakes_who_waits() -> None:
    turns = FrameTurns[str]({"a": 1}, most=1)
    turns.put("a", "a1")
    turns.take(0)
    turns.put("a", "a2")
    # Longer than a test may take: who is not woken is not here in time.
    threading.Thread(target=turns.bring_back, args=["a"]).start()
    assert turns.take(1000.0) == "a2"


def test_nothing_is_taken_while_something_urgent_is_in_work_and_then_the_newest() -> None:
    turns = FrameTurns[str]({"a": 1}, most=1, pause=Pause(LONG_S))
    with turns.paused():
        turns.put("a", "a1")
        assert turns.take(0) is None
        assert turns.put("a", "a2") == "a1"
    assert turns.take(0) == "a2"


def test_what_ends_by_an_error_holds_up_nothing() -> None:
    turns = FrameTurns[str]({"a": 1}, most=1, pause=Pause(LONG_S))
    turns.put("a", "a1")
    with pytest.raises(RuntimeError), turns.paused():
        raise RuntimeError
    assert turns.take(0) == "a1"


def test_the_end_of_what_is_urgent_wakes_who_waits() -> None:
    turns = FrameTurns[str]({"a": 1}, most=1, pause=Pause(LONG_S))
    turns.put("a", "a1")
    urgent = turns.paused()
    urgent.__enter__()
    # As above: longer than a test may take.
    threading.Thread(target=urgent.__exit__, args=[None, None, None]).start()
    assert turns.take(LONG_S) == "a1"


def test_a_turn_is_not_held_up_for_ever() -> None:
    turns = FrameTurns[str]({"a": 1}, most=1, pause=Pause(0.0))
    turns.put("a", "a1")
    with turns.paused():
        assert turns.take(0) == "a1"


@given(st.lists(st.sampled_from(["put a", "put b", "take", "back"])), st.integers(1, 2))
def test_every_item_is_taken_in_its_cameras_order_or_handed_back(
    steps: list[str], most: int
) -> None:
    turns = FrameTurns[tuple[str, int]]({"a": 1, "b": 2}, most)
    out: list[str] = []
    taken: dict[str, list[int]] = {"a": [], "b": []}
    ends = 0
    for number, step in enumerate(steps):
        if step == "take" and (item := turns.take(0)) is not None:
            taken[item[0]].append(item[1])
            out.append(item[0])
        elif step == "back" and out:
            turns.bring_back(out.pop(0))
        elif step.startswith("put"):
            ends += turns.put(step[-1], (step[-1], number)) is not None
        assert len(out) <= most
        assert len(set(out)) == len(out)
    assert all(numbers == sorted(numbers) for numbers in taken.values())
    put = sum(step.startswith("put") for step in steps)
    assert put == sum(map(len, taken.values())) + ends + len(turns.close())
