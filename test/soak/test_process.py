"""Memory, threads and handles of a process that is looked at."""

from __future__ import annotations

import subprocess
import sys

import pytest

from soak.process import look_at


def test_a_process_is_looked_at():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        usage = look_at(child.pid)
    finally:
        child.communicate(b"\n")
    assert usage.rss_mib >= usage.anon_mib > 0
    assert (usage.threads, usage.fds >= 3) == (1, True)
    with pytest.raises(OSError, match=str(child.pid)):
        look_at(child.pid)
