"""The parts of a soak run: what is sent, looked at, added up, and when."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from types import SimpleNamespace

import pytest

from seg_perception.core.errors import SegPerceptionError
from seg_perception.io.images import decode_compressed_image, decode_image
from seg_perception.io.pointcloud2 import decode_cloud
from soak import sensors
from soak.account import Account, StreamTotal, jumps, totals
from soak.process import look_at
from soak.schedule import Schedule
from soak.sensors import Extent, cdr, damaged, good, stamp_of, stamped

EXTENT = Extent(width=160, height=96, rings=8)


@pytest.mark.parametrize("stream", [sensors.FRONT, sensors.REAR, sensors.TOP, sensors.RADAR])
def test_damaged_messages_are_refused_and_good_ones_are_not(stream):
    decode = {sensors.FRONT: decode_image, sensors.REAR: decode_compressed_image}
    decode = decode.get(stream, decode_cloud)
    decode(good(EXTENT)[stream])
    for reason, message in damaged(EXTENT, stream):
        if reason == "size_mismatch":  # only its calibration tells
            decode(message)
            continue
        with pytest.raises(SegPerceptionError) as error:
            decode(message)
        assert error.value.reason == reason


def test_a_message_keeps_all_but_its_stamp():
    data = cdr(good(EXTENT)[sensors.TOP])
    later = stamped(data, 5_000_000_123)
    assert (stamp_of(data), stamp_of(later)) == (0, 5_000_000_123)
    assert (len(later), later[12:]) == (len(data), data[12:])


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


def status(received, in_flight=0, lost=0, warnings=()):
    stream = SimpleNamespace(
        name="front",
        received=received,
        published=received - 2,
        dropped=[SimpleNamespace(reason="bad_image", count=2 - in_flight)],
        in_flight=in_flight,
        lost_in_transport=lost,
    )
    return SimpleNamespace(streams=[stream], warnings=list(warnings))


def test_the_account_adds_up_activations(tmp_path):
    account = Account()
    for one in (status(5, lost=1), status(9, in_flight=1, lost=3), status(4, lost=2)):
        account.add(one)
    assert (account.statuses, account.unbalanced, account.in_flight) == (3, 0, 0)
    log = tmp_path / "node.log"
    count = {"received": 9, "published": 7, "dropped": {"bad_image": 2}, "in_flight": 0}
    line = f"[INFO] [node]: account: {json.dumps({'camera.front': count})}\n"
    log.write_text(line + "[WARN] tf base jumped back by 5.0 s: forgotten\n" + line)
    expected = StreamTotal(18, 14, {"bad_image": 4}, 0, lost=5)
    assert totals(log, account) == {"camera.front": expected}
    assert expected.balanced
    assert jumps(log) == 1


def test_an_account_that_does_not_add_up_is_seen_and_warnings_are_remembered():
    account = Account()
    wrong = status(5, warnings=["lidar.top: no message came for 5.2 s"])
    wrong.streams[0].published += 1
    account.add(wrong)
    account.add(status(6))
    assert account.unbalanced == 1
    assert account.said("lidar.top: no message came")
    assert not account.said("radar.bow: no message came")


class Clock:
    """Time that a test moves."""

    def __init__(self):
        self.now_s = 0.0

    def monotonic(self):
        return self.now_s


def resting_world():
    rng = random.Random(3)  # noqa: S311 (no secret)
    return SimpleNamespace(rng=rng, pace=0.0, robot=SimpleNamespace(calm=True))


def test_every_kind_comes_once_before_any_comes_again(monkeypatch):
    def one(_world):
        yield 0.0

    def two(_world):
        yield 0.0

    monkeypatch.setattr("soak.schedule.FAULTS", (one, two))
    monkeypatch.setattr("soak.schedule._SHORTEST_GAP_S", 0.0)
    clock = Clock()
    monkeypatch.setattr("soak.schedule.time", clock)
    world = resting_world()
    schedule = Schedule(world)
    for _ in range(12):  # each has a begin and an end
        schedule.step()
        clock.now_s += 1.0
    names = [event.name for event in schedule.events]
    assert [set(names[n : n + 2]) for n in (0, 2, 4)] == [{"one", "two"}] * 3
    assert schedule.warm_s == schedule.events[1].end_s


def test_a_fault_that_is_on_at_the_end_is_mended(monkeypatch):
    mended = []

    def fault(_world):
        try:
            yield 100.0
        finally:
            mended.append(True)

    monkeypatch.setattr("soak.schedule.FAULTS", (fault,))
    monkeypatch.setattr("soak.schedule._SHORTEST_GAP_S", 0.0)
    world = resting_world()
    schedule = Schedule(world)
    schedule.step()
    schedule.close()
    assert (mended, [event.name for event in schedule.events]) == ([True], ["fault"])
    assert not world.robot.calm
