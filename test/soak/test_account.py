"""The node's counts, added up over its activations."""

from __future__ import annotations

import json
from types import SimpleNamespace

from soak.account import Account, StreamTotal, jumps, totals


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
    assert account.has_warned("lidar.top: no message came")
    assert not account.has_warned("radar.bow: no message came")
