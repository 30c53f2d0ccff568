"""Reading ahead changes nothing but the time."""

import threading

import pytest

from seg_perception.core.errors import BagError
from seg_perception.replay.prefetch import prefetch


def test_the_same_items_in_the_same_order_prepared_in_another_thread():
    prepared = []

    def prepare(item):
        prepared.append((item, threading.current_thread().name))

    with prefetch(range(100), prepare, depth=3) as items:
        assert list(items) == list(range(100))
    assert [item for item, _ in prepared] == list(range(100))
    assert {name for _, name in prepared} == {"read ahead"}


def test_an_item_is_given_out_once_what_prepares_it_is_done():
    done = []
    with prefetch(range(20), lambda n: lambda: done.append(n)) as items:
        for item in items:
            assert done[-1] == item
    assert done == list(range(20))


def test_an_error_comes_after_the_items_before_it():
    def broken():
        yield from (1, 2)
        msg = "cut"
        raise BagError(msg)

    with prefetch(broken(), lambda _: None) as items:
        assert [next(items), next(items)] == [1, 2]
        with pytest.raises(BagError, match="cut"):
            next(items)


def test_no_more_is_read_than_may_wait_and_the_thread_ends():
    taken = []

    def endless():
        number = 0
        while True:
            taken.append(number)
            yield number
            number += 1

    with prefetch(endless(), lambda _: None, depth=4) as items:
        assert [next(items) for _ in range(3)] == [0, 1, 2]
    assert len(taken) <= 3 + 4 + 2
    assert "read ahead" not in {thread.name for thread in threading.enumerate()}
