"""The catalogue: every kind has its words, and every reason of the ledger is explained."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

from seg_perception.core import errors
from seg_perception.core.drop_reasons import DROP_REASONS
from seg_perception.core.issue_kinds import (
    clocks,
    clouds,
    engines,
    frames,
    images,
    inputs,
    labels,
    lenses,
    messages,
    places,
)
from seg_perception.core.issue_kinds.kind import IssueKind
from seg_perception.core.message_accounting import MessageAccounting

PARTS = (inputs, images, lenses, clouds, clocks, places, frames, messages, engines, labels)
KINDS = [kind for part in PARTS for kind in vars(part).values() if isinstance(kind, IssueKind)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_a_kind_is_explained_and_asks_for_numbers_by_name(kind: IssueKind) -> None:
    assert kind.means
    assert kind.advice
    asked = [name for _, name, _, _ in string.Formatter().parse(kind.text + kind.mend) if name]
    assert all(name.isidentifier() for name in asked)


def test_no_two_kinds_say_the_same() -> None:
    said = [kind.text for kind in KINDS if not kind.text.startswith("{")]
    assert len(set(said)) == len(said) > 30


def test_every_kind_is_used(repo: Path) -> None:
    package = repo / "seg_perception"
    own = package / "core" / "issue_kinds"
    files = [file for file in package.rglob("*.py") if own not in file.parents]
    used = {
        node.id
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Name)
    }
    named = {name for part in PARTS for name, v in vars(part).items() if isinstance(v, IssueKind)}
    assert named - used == set()


def test_an_error_that_drops_a_message_has_its_reason_in_the_ledger() -> None:
    kinds = [errors.ImageError, errors.UnknownEncodingError, errors.CloudError]
    kinds += [errors.CalibrationError, errors.SizeMismatchError, errors.EngineError]
    kinds += [errors.BagError, errors.MemoryShortError]
    assert {kind.reason for kind in kinds} <= DROP_REASONS.keys()


def test_a_message_is_not_dropped_for_a_reason_that_nobody_can_look_up() -> None:
    handle = MessageAccounting().receive("camera.front")
    with pytest.raises(ValueError, match="reason 'tired': expected one of"):
        handle.drop("tired")
