"""What a recorder leaves behind that is killed, stopped in the middle, or runs out of disk."""

import json
import os
import resource
import shutil
import signal
import subprocess
import threading

import pytest
from std_msgs.msg import String

from seg_perception.io.bag_reader import BagReader

pytestmark = pytest.mark.ros

MOUNT, UMOUNT = shutil.which("mount"), shutil.which("umount")
SIZE = 64 * 1024
CHUNK = 1 << 20
ON_THE_WAY = 8


class Recording:
    """A recorder of numbered words, and who says them."""

    def __init__(self, ros, wait_until, path, *options):
        self.path = path
        self.process = ros.start("bag_recorder", path, "--topics", "/word", *options)
        self.said = 0
        self._wait_until = wait_until
        self._publisher = ros.node("talker").create_publisher(String, "/word", 100)
        wait_until(lambda: self._publisher.get_subscription_count() == 1, "the recorder")

    def say_until(self, condition):
        """Say one word after the other; the file follows, but for a chunk and a few words."""

        def follows():
            behind = self.said * SIZE - self.size()
            return behind <= CHUNK + ON_THE_WAY * SIZE or not self.process.is_running()

        while not condition():
            self._publisher.publish(String(data=f"{self.said:06d}" + "x" * SIZE))
            self.said += 1
            self._wait_until(follows, "that the recorder writes")

    def files(self):
        kept = [self.path] if self.path.is_file() else self.path.glob("*.mcap")
        # By number: one file ends and the next begins within one tick of the clock of the disk.
        return sorted(kept, key=lambda file: (len(file.name), file.name))

    def size(self):
        return sum(file.stat().st_size for file in self.files())

    def words(self, path=None):
        """The numbers of the words that a reader finds, and what it finds amiss."""
        with BagReader(path or self.path) as bag:
            numbers = [int(m.message.data[:6]) for m in bag.messages(["/word"])]
            return numbers, bag.warnings


@pytest.fixture
def recording(ros, wait_until, tmp_path):
    def start(name, *options, folder=tmp_path):
        return Recording(ros, wait_until, folder / name, *options)

    return start


def test_a_killed_recorder_loses_at_most_its_open_chunk(recording):
    tape = recording("out.mcap")
    tape.say_until(lambda: tape.size() > 2 * CHUNK)
    # A recording that goes on is read as far as it goes.
    numbers, warnings = tape.words()
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > CHUNK / SIZE
    assert "never finished" in warnings[0]
    tape.say_until(lambda: tape.size() > 4 * CHUNK)
    assert tape.process.end(signal.SIGKILL)[0] == -signal.SIGKILL
    numbers, warnings = tape.words()
    assert numbers == list(range(len(numbers)))
    assert tape.said - len(numbers) <= CHUNK / SIZE + 1 + ON_THE_WAY
    assert "never finished" in warnings[0]


def test_a_split_recording_that_is_killed_loses_of_its_last_file_only(recording):
    tape = recording("out", "--split-mb", 2)
    # Two chunks a file: the open one has its first, and so the names of its topics.
    tape.say_until(lambda: len(tape.files()) >= 3 and tape.files()[-1].stat().st_size > CHUNK)
    assert tape.process.end(signal.SIGKILL)[0] == -signal.SIGKILL
    *finished, last = tape.files()
    found = []
    for file in finished:
        numbers, warnings = tape.words(file)
        assert warnings == ()
        found += numbers
    numbers, warnings = tape.words(last)
    assert "never finished" in warnings[0]
    found += numbers
    assert found == list(range(len(found)))
    whole, warnings = tape.words()
    assert whole == found
    assert any("the recording was not finished" in warning for warning in warnings)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_recorder_that_is_ended_in_the_middle_finishes_every_file(recording, number):
    tape = recording("out", "--split-mb", 1)
    tape.say_until(lambda: tape.size() > 3 * CHUNK)
    tape.process.send(number)
    tape.say_until(lambda: not tape.process.is_running())
    code, out, err = tape.process.end(None)
    assert code == 0, err
    report = json.loads(out)
    assert report["dropped"] == {}
    assert len(tape.files()) > 2
    numbers, warnings = tape.words()
    assert (numbers, warnings) == (list(range(report["recorded"]["/word"])), ())


def test_a_full_disk_keeps_what_was_written(recording):
    tape = recording("out.mcap")
    # The same answer that a full disk gives, without one: the file may not grow on.
    resource.prlimit(tape.process.pid, resource.RLIMIT_FSIZE, (2 * CHUNK + 1000, -1))
    expect_the_beginning(tape)


def test_a_disk_that_is_full_keeps_what_was_written(recording, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = [MOUNT, "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
    if (
        not MOUNT
        or os.geteuid() != 0
        or subprocess.run(mount, capture_output=True, check=False).returncode
    ):
        pytest.skip("mounting a small disk needs root")
    try:
        expect_the_beginning(recording("out.mcap", folder=disk))
    finally:
        subprocess.run([UMOUNT, str(disk)], check=True)


def expect_the_beginning(tape):
    """Write until the recorder gives up: it says why, and what it wrote before is there."""
    tape.say_until(lambda: not tape.process.is_running())
    code, out, err = tape.process.end(None)
    assert code == 2
    report = json.loads(out)
    assert "make room or choose another disk" in report["error"]
    assert f"error: {report['error']}" in err
    numbers, _ = tape.words()
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= CHUNK / SIZE
    assert len(numbers) <= report["recorded"]["/word"]


def test_a_disk_thread_that_dies_is_named_and_what_it_left_is_counted():
    from seg_perception.ros.disk_thread import (
        DiskThread,
        RecordedMessage,
        RecordedTopic,
        RecordingReport,
    )

    class Disk:
        """Takes two messages, and has a fault with the third."""

        def __init__(self):
            self.went_on, self.taken = threading.Event(), 0

        def write_raw(self, *_message):
            self.went_on.wait()
            self.taken += 1
            if self.taken == 3:
                msg = "odd"
                raise ValueError(msg)

        def flush(self):
            pass

        def close(self):
            msg = "still odd"
            raise ValueError(msg)

    disk, report, failed = Disk(), RecordingReport(), threading.Event()
    thread = DiskThread(disk, report, failed.set)
    topic = RecordedTopic("/word", "std_msgs/msg/String", latched=False)
    for number in range(7):
        thread.put(RecordedMessage(topic, b"", number))
    disk.went_on.set()
    assert failed.wait(60)
    thread.close()
    assert report.recorded == {"/word": 2}
    assert report.dropped == {"/word": 5}
    assert report.error.startswith("a fault of this program: ValueError: odd")
