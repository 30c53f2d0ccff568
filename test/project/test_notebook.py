"""The notebooks of docs/ run, and show what is stored."""

import base64
import copy
import re

import pytest

pytest.importorskip("nbclient", reason="nbclient is not installed; run make test")
pytest.importorskip("embreex", reason="the simulator needs the package embreex")

import nbformat

from tools.notebook import NOTEBOOKS, executed, pictures, stripped

_MOST_BYTES = 600_000


def kinds(notebook):
    """What each cell shows: kinds of data, and texts without their numbers."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            text = output.get("text", "") or output.get("data", {}).get("text/plain", "")
            words = sorted(set(re.findall(r"<[A-Z]\w+|/\w+/\w+", text)))
            found.append((output.output_type, sorted(output.get("data", {})), words))
    return found


@pytest.mark.timeout(600)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_what_is_stored(path):
    stored = nbformat.read(path, as_version=4)
    again = executed(path)
    assert [cell.source for cell in again.cells] == [cell.source for cell in stored.cells]
    assert kinds(again) == kinds(stored), "run python -m tools.notebook"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_small_and_holds_nothing_of_a_run(path, repo):
    stored = nbformat.read(path, as_version=4)
    assert stripped(copy.deepcopy(stored)) == stored, "run python -m tools.notebook"
    assert path.stat().st_size < _MOST_BYTES
    outputs = [output for cell in stored.cells for output in cell.get("outputs", ())]
    assert not any(output.output_type == "error" for output in outputs)
    assert not any(output.get("name") == "stderr" for output in outputs)
    images = repo / "docs" / "images"
    for ending, data in pictures(stored).items():
        assert (images / f"{path.stem}{ending}").read_bytes() == data


def test_there_is_a_notebook_and_what_differs_from_run_to_run_is_left_out():
    assert [path.name for path in NOTEBOOKS] == ["python.ipynb"]
    cell = nbformat.v4.new_code_cell("1 + 1", execution_count=7, metadata={"execution": {"a": "b"}})
    cell.outputs = [
        nbformat.v4.new_output("execute_result", {"text/plain": "2"}, execution_count=7)
    ]
    png = nbformat.v4.new_output("display_data", {"image/png": base64.b64encode(b"png").decode()})
    cell.outputs.append(png)
    notebook = stripped(nbformat.v4.new_notebook(cells=[cell]))
    assert notebook.cells[0].execution_count is None
    assert notebook.cells[0].outputs[0].execution_count is None
    assert notebook.cells[0].metadata == {}
    assert pictures(notebook) == {"_cloud.png": b"png"}
