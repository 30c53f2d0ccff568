"""However a YAML text is made, it ends soon: as data, or with what is wrong in it."""

from __future__ import annotations

import time

import pytest
import yaml

from seg_perception.core import yaml_document
from seg_perception.core.yaml_document import YamlError, parse_yaml


def test_what_people_write_is_read():
    text = "a: &one [1, 2.5, yes]\nb: *one\nc: {<<: {d: 1}, e: }\n"
    expected = {"a": [1, 2.5, True], "b": [1, 2.5, True], "c": {"d": 1, "e": None}}
    assert parse_yaml(text) == expected
    assert parse_yaml("") is None
    assert parse_yaml(f"'{'9' * 5000}'") == "9" * 5000
    assert parse_yaml(f"sha256: {'ab' * 64}") == {"sha256": "ab" * 64}


def bomb(levels: int, parts: int) -> str:
    """Levels of aliases, each of them `parts` times the one before."""
    lines = ["a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * parts)}]" for n in range(1, levels)]
    return "\n".join(lines)


def merging(levels: int) -> str:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], y{n}: 1}}" for n in range(1, levels)]
    return "\n".join(lines)


HOSTILE = {
    "aliases of aliases": (bomb(30, 9), "expected at most 500000 values"),
    "merged maps of merged maps": (merging(40), "expected at most 500000 values"),
    "many values": ("- a\n" * 1_000_000, "expected at most 500000 values"),
    "a list in itself": ("a: &a [*a]", r"\*a in line 1 contains itself"),
    "a map in its value": ("x: 1\nb: &b {c: {d: *b}}", r"\*b in line 2 contains itself"),
    "deep lists": ("[" * 200_000, "expected at most 100 levels, got more in line 1"),
    "deep maps": ("".join(f"{' ' * n}a:\n" for n in range(2000)), "at most 100 levels"),
    "deep keys": ("? " * 100_000, "at most 100 levels"),
    "a long number": (f"a: 1\nb: {'9' * 5000}", "a number of 5000 digits in line 2; quote it"),
    "a long tagged number": (f"!!int '{'9' * 5000}'", "a number of 5000 digits"),
    "a long hexadecimal number": (f"0x{'f' * 100_000}", "a number of 100002 digits"),
    "a long number of base 60": (f"1{':1' * 100_000}", "a number of 200001 digits"),
    "a day that is none": ("2026-99-99", "month must be in 1..12"),
    "no number under its tag": ("!!int abc", "invalid literal"),
    "no time under its tag": ("!!timestamp x", "."),
    "no truth under its tag": ("!!bool x", "."),
    "a Python object": ("!!python/object/apply:os.system [ls]", "could not determine"),
    "a long text": ("a" * (5 << 20), "expected at most 4194304 characters, got 5242880"),
}


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_texts_are_refused_soon_and_in_one_line(case, loader, monkeypatch):
    if loader == "SafeLoader" and case == "many values":
        pytest.skip("PyYAML without libyaml reads a megabyte in seconds")
    monkeypatch.setattr(yaml_document, "_LOADER", getattr(yaml, loader))
    text, message = HOSTILE[case]
    start_s = time.process_time()
    with pytest.raises(YamlError, match=message) as caught:
        parse_yaml(text)
    assert time.process_time() - start_s < 5
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_value_counts_once_for_each_alias():
    """1 of the list and 9 of its entries, ten times, in a list: 101 values, and two of the map."""
    monkey = pytest.MonkeyPatch()
    text = "[&a [1, 2, 3, 4, 5, 6, 7, 8, 9], *a, *a, *a, *a, *a, *a, *a, *a, *a]"
    with monkey.context() as patch:
        patch.setattr(yaml_document, "MAX_VALUES", 101)
        parse_yaml(text)
        patch.setattr(yaml_document, "MAX_VALUES", 100)
        with pytest.raises(YamlError):
            parse_yaml(text)
