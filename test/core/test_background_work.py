"""Work that gives way to all other work."""

import os
import threading

from seg_perception.core.background_work import UnhurriedWork


def test_unhurried_work_has_the_lowest_priority_and_nobody_waits_for_it():
    work, may_go, done, seen = UnhurriedWork("slow"), threading.Event(), threading.Event(), []

    def step():
        may_go.wait()
        seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        done.set()

    work.order(step)
    assert not done.is_set()
    may_go.set()
    assert done.wait(60)
    assert seen == [19]


def test_closed_work_begins_nothing():
    work, begun = UnhurriedWork("slow"), []
    work.close()
    work.order(lambda: begun.append(1))
    work.wait()
    assert begun == []
