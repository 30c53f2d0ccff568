"""What a soak run must hold: each verdict trips where its fault is planted."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soak.account import StreamTotal
from soak.process import Usage
from soak.record import Record, Sample
from soak.schedule import Event
from soak.verdicts import Limits, Verdict, judge, theil_sen

USAGE = Usage(rss_mib=400.0, anon_mib=300.0, pss_mib=250.0, fds=22, threads=18, cpu_s=1.0)


def sample(second: int, **changes: float) -> Sample:
    return Sample(float(second), True, replace(USAGE, **changes), {"lidar.top": 100.0})


def record(samples: list[Sample] | None = None) -> Record:
    total = StreamTotal(
        received=99, published=90, dropped={"superseded": 8, "bad_cloud": 1}, lost=1
    )
    return Record(
        seconds=60.0,
        warm_s=0.0,
        samples=samples or [sample(n) for n in range(60)],
        streams={"lidar.top": total},
        sent={"lidar.top": {"sent": 100}},
        planted={"lidar.top": {"bad_cloud": 1}},
        statuses=100,
        back_jumps=1,
        noticed_jumps=2,
    )


def failed(run: Record) -> list[str]:
    return [verdict.name for verdict in judge(run, Limits()) if not verdict.ok]


def verdict(run: Record, name: str) -> Verdict:
    return next(v for v in judge(run, Limits()) if v.name == name)


def test_a_sound_run_passes() -> None:
    assert failed(record()) == []


def test_a_leak_is_found_and_one_outlier_is_none() -> None:
    # 0.6 MiB a second, two halves of 30 s: the lows are 300 and 318; allowed are 16 and 16 an hour.
    leaking = record([sample(n, anon_mib=300 + 0.6 * n) for n in range(60)])
    assert failed(leaking) == ["heap and stacks"]
    assert "318 MiB (+18.0), at most 335 MiB" in verdict(leaking, "heap and stacks").measured
    assert (
        failed(record([sample(n, anon_mib=900.0 if n == 59 else 300.0) for n in range(60)])) == []
    )


@pytest.mark.parametrize(("mib", "ok"), [(0.9, True), (1.1, False)])
def test_what_every_reload_of_the_second_half_leaves_is_found(mib: float, *, ok: bool) -> None:
    """A reload every 10 s: from 30 s on the levels are 303, 304, 305 (and 306, not yet over)."""
    run = record([sample(n, anon_mib=300.0 + mib * (n // 10)) for n in range(60)])
    run.events.extend(Event("reloaded", 10.0 * n - 1.0, 10.0 * n) for n in (1, 2, 3.1, 4, 5, 5.9))
    found = verdict(run, "heap and stacks after reloads")
    assert found.ok is ok
    assert found.measured.startswith(f"{mib:+.2f} MiB a reload")


def test_memory_that_comes_down_again_is_no_leak() -> None:
    # A saw of 20 s and 95 MiB in five parts of 140 s; then one that comes down to 5 more each part.
    saw = [300 + 5.0 * (n % 20) for n in range(701)]
    assert failed(record([sample(n, anon_mib=m) for n, m in enumerate(saw)])) == []
    rising = [m + 5.0 * (n // 140) for n, m in enumerate(saw)]
    leaking = record([sample(n, anon_mib=m) for n, m in enumerate(rising)])
    assert failed(leaking) == ["heap and stacks"]


@pytest.mark.parametrize(("what", "name"), [("fds", "file descriptors"), ("threads", "threads")])
def test_one_more_handle_or_thread_at_the_end_is_found(what: str, name: str) -> None:
    more = getattr(USAGE, what) + 1
    run = record([sample(n, **({what: more} if n > 30 else {})) for n in range(60)])
    assert failed(run) == [name]


def test_a_latency_that_grows_is_found() -> None:
    # Allowed: 100 * 1.5 + 20 ms.
    for last_ms, want in ((169.0, []), (171.0, ["latency, last third to first"])):
        late = [replace(s, latency_ms={"lidar.top": last_ms}) for s in record().samples[40:]]
        assert failed(record([*record().samples[:40], *late])) == want


def _unbalanced(run: Record) -> None:
    run.streams["lidar.top"].published -= 1


def _never_received(run: Record) -> None:
    run.sent["lidar.top"]["sent"] += 1


def _another_reason(run: Record) -> None:
    run.planted["lidar.top"]["bad_cloud"] = 2


def _internal_error(run: Record) -> None:
    run.streams["lidar.top"].dropped = {"superseded": 7, "bad_cloud": 1, "internal_error": 1}


def _unnoticed(run: Record) -> None:
    run.noticed_jumps = 0


def _refused(run: Record) -> None:
    run.troubles.append("activate did not succeed")


@pytest.mark.parametrize(
    ("plant", "names"),
    [
        (_unbalanced, ["received = published + dropped + in flight"]),
        (_never_received, ["received + lost in transport = sent"]),
        (_another_reason, ["damaged messages are named"]),
        (_internal_error, ["no fault of the node's own"]),
        (_unnoticed, ["faults are named, requests answered"]),
        (_refused, ["faults are named, requests answered"]),
    ],
)
def test_each_error_of_the_account_is_found(
    plant: Callable[[Record], None], names: list[str]
) -> None:
    run = record()
    plant(run)
    assert failed(run) == names


def test_a_run_without_calm_seconds_proves_nothing() -> None:
    short = failed(record([sample(n) for n in range(5)]))
    assert {"heap and stacks", "file descriptors", "threads"} <= set(short)


@given(
    slope=st.floats(-100, 100),
    offset=st.floats(-1e3, 1e3),
    outliers=st.lists(st.integers(0, 39), max_size=4, unique=True),
)
def test_a_line_with_a_few_outliers_keeps_its_slope(
    slope: float, offset: float, outliers: list[int]
) -> None:
    x = np.arange(40.0)
    y = offset + slope * x
    y[outliers] += 1e6
    # Of 780 pairs at most 154 hold an outlier.
    assert theil_sen(x.tolist(), y.tolist()) == pytest.approx(slope, abs=1e-6, rel=1e-6)


def test_a_slope_needs_two_points() -> None:
    with pytest.raises(ValueError, match="two points, got 1"):
        theil_sen([1.0], [1.0])
