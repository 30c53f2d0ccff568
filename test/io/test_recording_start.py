"""A recording begins when its clock runs, whatever was recorded before."""

import pytest

from seg_perception.io import messages
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter

NOW = 1_700_000_000 * 10**9
SECOND = 10**9
HOUR, DAY = 3600 * SECOND, 86_400 * SECOND


def bag(folder, times):
    with BagWriter(folder / "in.mcap") as writer:
        for number, at in enumerate(times):
            writer.write("/early" if at < NOW else "/word", messages.String(str(number)), at)
    return folder / "in.mcap"


@pytest.mark.parametrize(
    "times",
    [
        # Before /clock; a computer that thinks it is 1970, then last week; both.
        (0, 0, NOW, NOW + SECOND),
        (30 * SECOND, NOW - 7 * DAY, NOW, NOW + SECOND),
        (0, 30 * SECOND, NOW, NOW + SECOND),
    ],
)
def test_what_is_recorded_before_the_clock_runs_counts_as_of_the_first_moment(tmp_path, times):
    with BagReader(bag(tmp_path, times)) as reader:
        assert reader.start_ns == NOW
        assert reader.duration_s == 1.0
        assert reader.start.early == {"/early": 2}
        read = [(m.message.data, m.log_time_ns) for m in reader.messages()]
        assert read == [("0", NOW), ("1", NOW), ("2", NOW), ("3", NOW + SECOND)]
        assert [m.log_time_ns for m in reader.messages({"/early"})] == [NOW, NOW]


@pytest.mark.parametrize(
    "times",
    [
        # A simulation from its beginning; a long pause; one that begins late by its own clock.
        (0, SECOND, 2 * SECOND),
        (0, 0, 9 * SECOND),
        (NOW, NOW + 20 * HOUR),
        (500 * SECOND, 501 * SECOND),
        (0, 0, 0),
        (),
    ],
)
def test_every_other_recording_begins_with_its_first_message(tmp_path, times):
    with BagReader(bag(tmp_path, times)) as reader:
        assert reader.start.early == {}
        assert reader.start_ns == min(times, default=0)
        assert [m.log_time_ns for m in reader.messages()] == sorted(times)


def test_a_simulation_that_was_joined_late_begins_then(tmp_path):
    with BagReader(bag(tmp_path, (0, 500 * SECOND, 501 * SECOND))) as reader:
        assert (reader.start_ns, reader.duration_s) == (500 * SECOND, 1.0)


def test_an_hour_of_messages_before_a_pause_is_no_outlier(tmp_path):
    # More than a start of a computer: two recordings in one file.
    times = [NOW - 30 * DAY + n * SECOND for n in range(1100)] + [NOW]
    with BagReader(bag(tmp_path, times)) as reader:
        assert reader.start_ns == times[0]
        assert reader.duration_s == pytest.approx(30 * 86_400)
