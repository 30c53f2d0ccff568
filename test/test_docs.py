"""The pages say what the code does."""

import ast
import re
import runpy
from pathlib import Path

import pytest

from seg_perception.core.errors import (
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


def test_the_pages_of_parameters_are_the_code_s() -> None:
    module = runpy.run_path(str(ROOT / "tools" / "parameters_page.py"))
    for path, text in module["pages"]().items():
        assert path.read_text() == text, "run python tools/parameters_page.py"


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
        code = (ROOT / "test" / "ros" / f"{file}.py").read_text()
        assert f"def {test}(" in code or not test, (file, test)


def test_every_sentence_of_the_diagnostics_page_is_said() -> None:
    code = "".join(file.read_text() for file in (ROOT / "seg_perception").rglob("*.py"))
    said = re.sub(r"[{][^}]*[}]", "", re.sub(r'"\s+f?"', "", code))
    page = (ROOT / "docs" / "diagnostics.md").read_text()
    promised = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    assert len(promised) > 12
    assert [text for text in promised if text not in said] == []


def test_every_sentence_of_the_diagnostics_is_on_the_page() -> None:
    page = (ROOT / "docs" / "diagnostics.md").read_text()
    explained = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    said = [text for file in SPEAKERS for text in sentences(ROOT / "seg_perception" / file)]
    assert len(said) > 12
    assert [text for text in said if not any(words in text for words in explained)] == []


SPEAKERS = ("pipeline/diagnosis.py", "ros/diagnostics_monitor.py", "ros/status.py", "ros/qos.py")


def sentences(file: Path) -> list[str]:
    """The fixed words of every longer text that a module's functions yield or return."""
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, (ast.Yield, ast.Return)) and node.value is not None:
            inside = ast.walk(node.value)
            texts = [t for t in inside if isinstance(t, ast.JoinedStr | ast.Constant)][:1]
            words = "".join(
                part.value
                for text in texts
                for part in ast.walk(text)
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            )
            found += [words] if words.count(" ") > 3 else []
    return found
