"""A short attack on every decoder; `make fuzz` is the long one."""

from __future__ import annotations

import itertools

import pytest

from fuzz.mutation import mutations
from fuzz.run import HangError, attack, bombs, seeds, targets
from fuzz.source import Source

INPUTS = 150


@pytest.mark.parametrize("name", targets())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_mutated_input_is_decoded_or_refused(name, tmp_path):
    assert attack(name, INPUTS, 7, tmp_path) == 0, [p.read_text() for p in tmp_path.glob("*.txt")]


def test_another_error_than_ours_is_found_and_kept(tmp_path, monkeypatch):
    def fragile(data):
        if b"!" in data:
            raise KeyError

    monkeypatch.setattr("fuzz.run.targets", lambda: {"fragile": fragile})
    monkeypatch.setattr("fuzz.run.bombs", lambda _name: [])
    monkeypatch.setattr("fuzz.run.seeds", lambda _name: [b"calm", b"loud!"])
    assert attack("fragile", 2, 1, tmp_path) == 1
    assert (tmp_path / "fragile.0").read_bytes() == b"loud!"
    assert (tmp_path / "fragile.0.txt").read_text() == "KeyError()"


def test_an_input_that_takes_for_ever_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("fuzz.run.targets", lambda: {"slow": _never})
    monkeypatch.setattr("fuzz.run.bombs", lambda _name: [])
    monkeypatch.setattr("fuzz.run.seeds", lambda _name: [b""])
    monkeypatch.setattr("fuzz.run.HANG_S", 1)
    assert attack("slow", 1, 1, tmp_path) == 1
    assert HangError.__name__ in (tmp_path / "slow.0.txt").read_text()


def _never(_data):
    while True:
        pass


def test_mutations_repeat_with_their_seed_and_differ():
    first, second, other = (
        list(itertools.islice(mutations([b"seed of eight"], seed), 50)) for seed in (1, 1, 2)
    )
    assert first == second != other
    assert first[0] == b"seed of eight"
    assert len(set(first)) > 40


@pytest.mark.parametrize("name", targets())
def test_every_target_has_seeds(name):
    assert seeds(name)


@pytest.mark.parametrize("name", ["mcap", "db3", "ros1_bag", "bundle_zip", "compressed_image"])
def test_bombs_are_small(name):
    assert max(map(len, bombs(name))) < 1 << 20


def test_source_takes_from_the_front_and_ends_in_zeros():
    source = Source(b"\x02\x01\x00abc")
    assert (source.byte(), source.short(), source.word_of(2)) == (2, 1, "ab")
    assert (source.rest(), source.word(), source.real()) == (b"c", 0, 0.0)
