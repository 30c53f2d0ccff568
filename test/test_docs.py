"""The pages say what the code does."""

import re
import runpy
from pathlib import Path

import pytest

from seg_perception.errors import (
    BagError,
    CalibrationError,
    CloudError,
    EngineError,
    ImageError,
    MemoryShortError,
    SizeMismatchError,
    UnknownEncodingError,
)

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_page_of_parameters_is_the_code_s() -> None:
    module = runpy.run_path(str(ROOT / "tools" / "parameters_page.py"))
    assert module["PAGE"].read_text() == module["page"](), "run python tools/parameters_page.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []


def test_every_reason_of_the_ledger_is_explained() -> None:
    code = "\n".join(file.read_text() for file in (ROOT / "seg_perception").rglob("*.py"))
    dropped = set(re.findall(r'(?:\.drop|clear)\("(\w+)"\)', code))
    raised = (ImageError, UnknownEncodingError, CloudError, CalibrationError, SizeMismatchError)
    others = (EngineError, BagError, MemoryShortError)
    reasons = dropped | {error.reason for error in (*raised, *others)}
    assert {"queue_full", "clock_jump", "shutdown"} < dropped
    table = (ROOT / "docs" / "architecture.md").read_text().partition("## The ledger")[2]
    explained = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|[^|]+\|", table, re.MULTILINE))))
    assert reasons <= explained


def test_every_fault_of_the_page_has_its_test() -> None:
    page = (ROOT / "docs" / "faults.md").read_text()
    named = re.findall(r"`(test_\w+)\.py(?:::(test_\w+))?`", page)
    assert len(named) > 25
    for file, test in named:
        code = (ROOT / "test" / "nodes" / f"{file}.py").read_text()
        assert f"def {test}(" in code or not test, (file, test)


def test_every_sentence_of_the_diagnostics_page_is_said() -> None:
    code = "".join(file.read_text() for file in (ROOT / "seg_perception").rglob("*.py"))
    said = re.sub(r"[{][^}]*[}]", "", re.sub(r'"\s+f?"', "", code))
    page = (ROOT / "docs" / "diagnostics.md").read_text()
    promised = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    assert len(promised) > 12
    assert [text for text in promised if text not in said] == []
