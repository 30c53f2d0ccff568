"""Processes beside this one: they do the work, and end with it, however it ends."""

import multiprocessing
import operator
import os
import signal
import time

import pytest

from seg_perception.core.process_pool import SPAWN, process_pool


def test_work_is_done_in_another_process_that_was_made_ready_first(tmp_path):
    with process_pool(1, os.chdir, (tmp_path,)) as pool:
        assert pool.submit(operator.mul, 12, 12).result() == 144
        assert pool.submit(os.getcwd).result() == str(tmp_path)
        assert pool.submit(os.getpid).result() != os.getpid()


def interrupted(other, error, seen):
    """Raises an error while one step is taken and another one waits."""
    with process_pool(1) as pool:
        steps = [pool.submit(time.sleep, 600) for _ in range(3)]
        while not steps[0].running():
            time.sleep(0.01)
        seen += [set(multiprocessing.active_children()) - {other}, steps]
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_is_raised_ends_the_processes_at_once_and_no_others(error):
    other = SPAWN.Process(target=time.sleep, args=(600,))
    other.start()
    seen = []
    try:
        with pytest.raises(error):
            interrupted(other, error, seen)
        mine, steps = seen
        (child,) = mine
        while child.exitcode is None:
            time.sleep(0.01)
        assert child.exitcode == -signal.SIGTERM
        assert all(step.cancelled() or step.exception() for step in steps)
        assert other.is_alive()
    finally:
        other.terminate()
        other.join()
