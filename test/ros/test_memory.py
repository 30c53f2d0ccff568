"""A process of a node gives the memory of its messages back only once."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.ros

FAULTS = """
import resource, sys
from seg_perception.ros.memory import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
def work():
    for _ in range(20):
        blocks = [bytearray(3_000_000) for _ in range(3)]
        for block in blocks:
            block[::4096] = b"x" * len(block[::4096])
work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the setting is glibc's")
def test_pages_are_mapped_once_and_not_for_every_message():
    def faults(how):
        done = subprocess.run(
            [sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=True
        )
        return int(done.stdout)

    # 60 blocks of 3 MB have 44,000 pages.
    kept = faults("keep")
    assert kept < 100
    assert faults("leave") > 10 * kept
