"""Protocols as files."""

from seg_perception.evaluation.protocol import Protocol, shipped


def test_every_shipped_protocol_can_be_read():
    names = shipped()
    assert "own" in names
    assert [Protocol.load(name).name for name in names] == names
