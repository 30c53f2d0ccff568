"""Runs the notebooks of docs/ and stores what they show: `python -m tools.notebook`.

What differs from run to run (times, numbers of executions, the machine) is left out, so that a
change of a file is a change of what it shows. The first pictures become those of the page.
"""

from __future__ import annotations

import base64
import os
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = tuple(sorted((ROOT / "docs" / "notebooks").glob("*.ipynb")))
_TIMEOUT_S = 600
_ENDINGS = {"image/jpeg": "_image.jpg", "image/png": "_cloud.png"}
_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def executed(path: Path) -> Any:
    """A notebook (nbformat's NotebookNode) as it is after a run in an empty folder.

    Raises:
        CellExecutionError: a cell fails.
    """
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        client = NotebookClient(notebook, timeout=_TIMEOUT_S, resources=resources)
        client.execute(env={**os.environ, "PYTHONPATH": _python_path()})
    return stripped(notebook)


def _python_path() -> str:
    """This checkout, before what the shell has."""
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))


def stripped(notebook: Any) -> Any:
    """The same notebook without what differs from run to run, changed in place."""
    notebook.metadata = {"kernelspec": _KERNEL, "language_info": {"name": "python"}}
    for number, cell in enumerate(notebook.cells):
        cell.metadata = {}
        cell.id = f"cell-{number}"
        if cell.cell_type == "code":
            cell.execution_count = None
            for output in cell.outputs:
                output.pop("execution_count", None)
                if output.output_type == "execute_result":
                    output["execution_count"] = None
                    output["metadata"] = {}
    return notebook


def pictures(notebook: Any) -> dict[str, bytes]:
    """The first picture of each kind that it shows, by the ending of its file."""
    found: dict[str, bytes] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            for kind, ending in _ENDINGS.items():
                if kind in output.get("data", {}):
                    found.setdefault(ending, base64.b64decode(output.data[kind]))
    return found


def main() -> None:
    """Run and store all of them."""
    for path in NOTEBOOKS:
        notebook = executed(path)
        nbformat.write(notebook, path)
        for ending, data in pictures(notebook).items():
            (ROOT / "docs" / "images" / f"{path.stem}{ending}").write_bytes(data)
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
