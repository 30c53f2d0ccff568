from __future__ import annotations

import errno
import json
import os
from typing import Any

import pytest

from seg_perception.core.errors import TeachingError
from seg_perception.teaching.clicks import (
    Click,
    ClickRecord,
    NewClass,
    digest,
    of_part,
    read_clicks,
)


def click(x: int = 1, label: str = "grass", author: str = "ann", **more: Any) -> Click:
    values: dict[str, Any] = {"kind": "asked", "part": "teach", **more}
    return Click("frame", 7, x, 2, label, author, **values)


def test_clicks_are_read_back_as_they_were_stored(tmp_path):
    record = ClickRecord(tmp_path / "clicks.jsonl")
    stored = [record.add(click(1)), record.add(click(2, "", part="gate", draw="random"))]
    again = ClickRecord(tmp_path / "clicks.jsonl")
    assert list(again.clicks) == stored
    assert [c.number for c in again.clicks] == [0, 1]
    assert digest(again.clicks, ()) == digest(record.clicks, ())
    assert of_part(again.clicks, "teach") == stored[:1]
    assert of_part(again.clicks, "gate") == [], "nobody knew"


def test_only_ones_own_last_click_is_taken_back_and_the_file_only_grows(tmp_path):
    path = tmp_path / "clicks.jsonl"
    record = ClickRecord(path)
    record.add(click(1, author="ann"))
    record.add(click(2, author="ben"))
    undone = record.undo("ann")
    assert undone is not None
    assert undone.x == 1
    assert record.undo("ann") is None
    assert [c.x for c in record.clicks] == [2]
    assert [c.x for c in ClickRecord(path).clicks] == [2]
    assert len(path.read_bytes().splitlines()) == 3


def test_the_later_of_two_clicks_on_one_pixel_counts(tmp_path):
    record = ClickRecord(tmp_path / "clicks.jsonl")
    record.add(click(1, "grass"))
    record.add(click(1, "sky"))
    assert [c.label for c in record.clicks] == ["sky"]


def test_a_line_that_a_dying_process_left_half_written_costs_no_other(tmp_path):
    path = tmp_path / "clicks.jsonl"
    record = ClickRecord(path)
    record.add(click(1))
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"click": {"frame": "fra')
    torn = ClickRecord(path)
    assert [c.x for c in torn.clicks] == [1]
    assert "line 2 is damaged" in torn.notes[0]
    torn.add(click(5))
    assert [c.x for c in ClickRecord(path).clicks] == [1, 5]


def test_what_counts_has_one_digest_whoever_said_it_and_when(tmp_path):
    one, other = (ClickRecord(tmp_path / name) for name in ("a.jsonl", "b.jsonl"))
    one.add(click(1, author="ann"))
    other.add(click(9, author="ben"))
    other.undo("ben")
    other.add(click(1, author="ben"))
    assert digest(one.clicks, ()) == digest(other.clicks, ())
    other.add_class(NewClass("rail", "#ff0000", "grass"), "ben")
    assert digest(one.clicks, ()) != digest(other.clicks, other.new_classes)


def test_a_full_disk_leaves_the_record_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "clicks.jsonl"
    record = ClickRecord(path)
    record.add(click(1))
    before = path.read_bytes()
    real = os.write

    def half(descriptor: int, data: bytes) -> int:
        if len(data) < 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data[: len(data) - 10])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(TeachingError, match="free some space"):
        record.add(click(2))
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [c.x for c in record.clicks] == [1]
    record.add(click(3))
    assert [c.x for c in ClickRecord(path).clicks] == [1, 3]


def test_a_missing_record_is_said(tmp_path):
    with pytest.raises(TeachingError, match=r"not found: expected a record of clicks"):
        read_clicks(tmp_path / "none.jsonl")


def test_each_click_has_author_and_time(tmp_path):
    record = ClickRecord(tmp_path / "clicks.jsonl")
    record.add(click(1, author="ann"))
    entry = json.loads((tmp_path / "clicks.jsonl").read_text())["click"]
    assert entry["author"] == "ann"
    assert entry["time"].endswith("+00:00")
    assert entry["kind"] == "asked"
