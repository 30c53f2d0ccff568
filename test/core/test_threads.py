"""A thread that dies is seen."""

from __future__ import annotations

import threading

import pytest

from seg_perception.core.errors import BagError
from seg_perception.core.threads import are_others_running, explain, start_thread


@pytest.mark.parametrize("error", [ValueError("no"), BagError("torn"), SystemExit(3)])
def test_whatever_ends_a_thread_is_told(error: BaseException) -> None:
    def body() -> None:
        raise error

    told: list[BaseException] = []
    start_thread("short", body, told.append).join()
    assert told == [error]


def test_a_thread_that_comes_to_its_end_tells_nothing() -> None:
    names: list[str] = []
    told: list[BaseException] = []
    start_thread("long", lambda: names.append(threading.current_thread().name), told.append).join()
    assert (names, told) == (["long"], [])


def test_a_fault_of_the_program_is_logged_with_its_traceback_and_an_expected_error_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for error in (BagError("torn"), KeyError("x")):

        def body(error: Exception = error) -> None:
            raise error

        start_thread("work", body, lambda _: None).join()
    (record,) = caplog.records
    assert record.getMessage() == "the thread work ended"
    assert record.exc_info
    assert record.exc_info[0] is KeyError


def test_an_error_is_one_sentence() -> None:
    assert explain(BagError("the disk is full; free some space")).endswith("free some space")
    assert explain(KeyError("x")) == (
        "a fault of this program: KeyError: 'x'; report it with the traceback in the log"
    )


def test_a_thread_that_still_runs_is_known() -> None:
    before, leave = are_others_running(), threading.Event()
    thread = start_thread("long", lambda: leave.wait() and None, lambda _: None)
    assert are_others_running()
    leave.set()
    thread.join()
    assert are_others_running() == before
