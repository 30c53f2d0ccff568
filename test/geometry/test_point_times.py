"""Times are read in every driver's way, and a few that make no sense spoil nothing."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.core.types import NANOSECONDS, PointCloud
from seg_perception.geometry.point_times import PointTimes, TimeHints, point_times

STAMP_NS = 1_700_000_000 * NANOSECONDS + 123_456_789
MS = 1_000_000
NO_HINTS = TimeHints()


def times(
    field: str,
    kind: str,
    values: Sequence[float],
    stamp_ns: int = STAMP_NS,
    rows: int = 1,
    hints: TimeHints = NO_HINTS,
) -> PointTimes:
    layout = [("x", "f4"), ("y", "f4"), ("z", "f4"), (field, kind)]
    points = np.zeros((rows, len(values) // rows), layout)
    points[field] = np.array(values, kind).reshape(points.shape)
    return point_times(PointCloud(points, stamp_ns, "lidar"), hints)


def offsets(*arguments: object, **options: object) -> list[int]:
    found = times(*arguments, **options)
    assert found.offsets_ns is not None
    return [int(value) for value in found.offsets_ns]


@pytest.mark.parametrize("field", ["t", "time", "timestamp", "time_stamp", "offset_time"])
@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("u4", [0, 50 * MS, 100 * MS]),
        ("u8", [0, 50 * MS, 100 * MS]),
        ("i8", [0, 50 * MS, 100 * MS]),
        ("f4", [0.0, 0.05, 0.1]),
        ("f8", [0.0, 0.05, 0.1]),
        ("f4", [0.0, 5e7, 1e8]),
        ("f8", [0.0, 5e7, 1e8]),
        ("f8", [STAMP_NS / 1e9, STAMP_NS / 1e9 + 0.05, STAMP_NS / 1e9 + 0.1]),
        ("u8", [STAMP_NS, STAMP_NS + 50 * MS, STAMP_NS + 100 * MS]),
        ("i8", [STAMP_NS, STAMP_NS + 50 * MS, STAMP_NS + 100 * MS]),
        ("f8", [float(STAMP_NS), float(STAMP_NS + 50 * MS), float(STAMP_NS + 100 * MS)]),
    ],
    ids=[
        *("u32 ns", "u64 ns", "i64 ns", "f32 s", "f64 s", "f32 ns", "f64 ns"),
        *("absolute f64 s", "absolute u64 ns", "absolute i64 ns", "absolute f64 ns"),
    ],
)
def test_every_field_unit_and_type(field: str, kind: str, values: list[float]) -> None:
    found = times(field, kind, values)
    assert (found.stray, found.field) == (0, field)
    assert found.offsets_ns is not None
    assert np.abs(found.offsets_ns - [0, 50 * MS, 100 * MS]).max() < 1000


@pytest.mark.parametrize("kind", ["u8", "f8"])
def test_a_clock_that_has_just_begun(kind: str) -> None:
    # Simulated time starts at 0: at 5 s, 5.05 s is absolute all the same.
    unit = 1 if kind == "u8" else 1e-9
    values = [5 * NANOSECONDS * unit, (5 * NANOSECONDS + 50 * MS) * unit]
    assert offsets("timestamp", kind, values, stamp_ns=5 * NANOSECONDS) == [0, 50 * MS]


def test_a_scan_stamped_at_its_end_has_negative_times() -> None:
    assert offsets("time", "f4", [-0.1, -0.05, 0.0]) == pytest.approx(
        [-100 * MS, -50 * MS, 0], abs=10
    )


def test_a_return_without_time_counts_at_the_stamp_and_is_not_stray() -> None:
    found = times("time", "f4", [math.nan, math.inf, 0.02])
    assert found.stray == 0
    assert found.offsets_ns.tolist() == pytest.approx([0, 0, 20 * MS], abs=10)
    assert offsets("timestamp", "u8", [0, STAMP_NS + MS]) == [0, MS]
    assert offsets("timestamp", "f8", [0.0, 1_700_000_000.2])[0] == 0


@pytest.mark.parametrize(
    ("kind", "good", "stray"),
    [("u4", 50 * MS, 4_000_000_000), ("f4", 0.05, 3e30), ("f8", 1_700_000_000.2, 9e9)],
)
@given(places=st.sets(st.integers(0, 99), max_size=49))
def test_stray_times_are_counted_and_the_others_kept(
    kind: str, good: float, stray: float, places: set[int]
) -> None:
    values = [stray if n in places else good for n in range(100)]
    found = times("timestamp", kind, values, rows=4)
    assert found.stray == len(places)
    assert found.offsets_ns is not None
    assert set(found.offsets_ns[sorted(places)].tolist()) <= {0}
    kept = np.delete(found.offsets_ns, sorted(places))
    assert np.abs(kept - kept[0]).max() == 0
    assert 0 < kept[0] < 100 * MS


def test_a_field_of_another_clock_is_none_and_says_how_many() -> None:
    found = times("timestamp", "f8", [1e9, 1e9 + 0.1])
    assert (found.offsets_ns, found.stray, found.field) == (None, 2, "timestamp")
    # A float32 has no seconds since 1970: steps of 128 s.
    assert times("time", "f4", [1.7e9, 1.7e9]).stray == 2


def test_no_field_no_point_and_a_field_of_several_numbers() -> None:
    assert times("intensity", "f4", [0, 1]).offsets_ns is None
    assert times("t", "u4", []).offsets_ns is None
    points = np.zeros((1, 2), [("x", "f4"), ("y", "f4"), ("z", "f4"), ("t", "u4", (2,))])
    assert point_times(PointCloud(points, STAMP_NS, "lidar")).offsets_ns is None


@given(
    offsets_ns=st.lists(st.integers(1 - NANOSECONDS, NANOSECONDS - 1), min_size=1, max_size=50),
    stamp_ns=st.integers(10 * NANOSECONDS, 2 * 10**18),
)
def test_absolute_nanoseconds_lead_back_to_their_offsets(
    offsets_ns: list[int], stamp_ns: int
) -> None:
    assert offsets("t", "u8", [stamp_ns + o for o in offsets_ns], stamp_ns=stamp_ns) == offsets_ns


def codes(found: PointTimes) -> list[str]:
    return [remark.kind.code for remark in found.remarks]


TEN_HZ = TimeHints(period_ns=100 * MS)
# A turn in a tenth of a second, in 100 steps of a millisecond: as FAST-LIO's users have it.
TURN_MS = [float(n) for n in range(100)]
TURN_US = [1000 * ms for ms in TURN_MS]


@pytest.mark.parametrize("hints", [TimeHints(), TEN_HZ])
@pytest.mark.parametrize(
    ("kind", "values", "unit"),
    [
        ("u4", TURN_US, "microseconds"),
        ("f4", TURN_US, "microseconds"),
        ("f8", TURN_US, "microseconds"),
        ("u4", TURN_MS, "milliseconds"),
        ("f4", TURN_MS, "milliseconds"),
        ("f8", TURN_MS, "milliseconds"),
        ("u8", [STAMP_NS // 1000 + t for t in TURN_US], "microseconds"),
        ("f8", [STAMP_NS // 1000 + t for t in TURN_US], "microseconds"),
        ("u8", [STAMP_NS // MS + t for t in TURN_MS], "milliseconds"),
        ("f8", [-t for t in TURN_US], "microseconds"),
    ],
)
def test_the_unit_is_the_one_in_which_the_times_span_a_scan(
    hints: TimeHints, kind: str, values: list[float], unit: str
) -> None:
    found = times("time", kind, values, hints=hints)
    assert found.offsets_ns is not None
    sign = -1 if values[-1] < 0 else 1
    assert np.abs(found.offsets_ns - [sign * n * MS for n in range(100)]).max() <= MS
    (remark,) = found.remarks
    assert remark.kind.sentence(sensor="lidar.top", **remark.numbers) == (
        f"field 'time' is read as {unit}: in no other unit do its times span a scan; "
        "set lidar.top.point_time_unit if it is something else"
    )


@pytest.mark.parametrize("period_ms", [0, 50, 100, 200, 500, 1000, 5000])
@pytest.mark.parametrize(("kind", "unit"), [("u4", 1), ("f4", 1e-9), ("f8", 1)])
def test_nanoseconds_and_seconds_stay_so_at_every_rate(
    period_ms: int, kind: str, unit: float
) -> None:
    # A turn of the period, at most half a second, and a tenth of that: a cropped cloud.
    for share in (1.0, 0.1):
        turn_ns = share * min(period_ms or 100, 500) * MS
        hints = TimeHints(period_ns=period_ms * MS)
        found = times("t", kind, np.linspace(0, turn_ns, 100) * unit, hints=hints)
        assert found.offsets_ns is not None
        assert abs(int(found.offsets_ns[-1]) - turn_ns) < 1000
        assert found.remarks == ()


def test_packets_are_told_from_turns_by_their_period() -> None:
    # Clouds of one packet each, 1.3 ms long, every 1.3 ms, in microseconds.
    hints = TimeHints(period_ns=1_300_000)
    found = times("time", "u4", [13 * n for n in range(100)], hints=hints)
    assert found.offsets_ns is not None
    assert found.offsets_ns[-1] == 1_287_000
    assert codes(found) == ["point_time_unit"]


def test_a_unit_may_be_said() -> None:
    found = times("t", "u4", TURN_US, hints=TimeHints(100 * MS, "ns"))
    assert found.offsets_ns is not None
    assert found.offsets_ns[-1] == 99_000
    assert codes(found) == ["no_scan_time"]
    assert codes(times("t", "u4", TURN_US, hints=TimeHints(100 * MS, "us"))) == []


def test_times_that_span_no_scan_in_any_unit_are_said() -> None:
    # 600 ms, of which the outermost 3 % do not count, of a lidar that turns in 100 ms.
    found = times("t", "u4", np.linspace(0, 600 * MS, 100), hints=TEN_HZ)
    (remark,) = found.remarks
    assert remark.kind.text.format_map(remark.numbers) == (
        "the times in field 't' span 582 ms, and a cloud comes each 100 ms"
    )


def test_a_field_that_is_not_filled_is_said() -> None:
    assert codes(times("time", "f4", [0.0] * 100, hints=TEN_HZ)) == ["same_point_time"]
    assert times("time", "f4", [0.0] * 100).remarks == ()


def test_few_points_are_read_as_the_scans_before_them() -> None:
    whole = times("t", "u4", [1_000_000 * n for n in range(100)], hints=TEN_HZ)
    # The first two returns of a scan, 10 us apart: microseconds would span a scan, too.
    few = TimeHints(100 * MS, "auto", whole.reading)
    assert offsets("t", "u4", [20, 10_020], hints=few) == [20, 10_020]


def test_a_few_wrong_values_do_not_change_the_unit() -> None:
    values = [*TURN_US[:99], 500_000_000]
    found = times("t", "u4", values, hints=TEN_HZ)
    assert found.stray == 1
    assert found.offsets_ns is not None
    assert found.offsets_ns[50] == 50 * MS
