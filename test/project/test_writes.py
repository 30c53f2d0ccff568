"""Every file of the package is written by the one writer that leaves no halves."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "seg_perception"
# Files that are read while they grow, or that nobody but their writer sees.
EXEMPT = {
    "active_learning/cvat.py": "a zip that grows, in a folder that is a draft",
    "core/atomic_write.py": "the writer itself",
    "demo/processes.py": "a log that grows while a process runs",
    "evaluation/assemble.py": "a draft of the writer's",
    "evaluation/bag_pieces.py": "a list in a folder that is a draft",
    "evaluation/shards.py": "a zip in memory",
    "evaluation/shard_writer.py": "a list that grows, in a folder that is a draft",
    "fitting/familiarity.py": "an array in memory",
    "fleet/labelled_frames.py": "a draft of the writer's",
    "inference/archive.py": "unpacks into a scratch folder",
    "io/bag_folder.py": "unpacks into a scratch folder",
    "io/mcap_writer.py": "a recording can be read while it grows",
    "io/video_writer.py": "a draft of the writer's",
    "teaching/learning/keep.py": "a draft of the writer's",
    "teaching/links.py": "a draft of the writer's",
    "teaching/rounds.py": "a log that grows while a process runs",
    "replay/spool.py": "messages of a piece, in a scratch folder",
    "replay/votes.py": "votes of a piece, in a scratch folder",
    "training/checkpoint.py": "a draft of the writer's",
    "training/curves.py": "a log that grows while a run trains",
}
METHODS = {"write_text", "write_bytes", "tofile", "imwrite", "savefig", "copyfile", "copy2"}
MODULES = {("np", "save"), ("np", "savez"), ("torch", "save"), ("json", "dump"), ("onnx", "save")}


def writes(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name, owner = called(node)
            if (
                name in METHODS
                or (owner, name) in MODULES
                or (name in {"open", "ZipFile"} and for_writing(node))
            ):
                yield node.lineno


def called(node: ast.Call) -> tuple[str, str]:
    function = node.func
    if isinstance(function, ast.Attribute):
        owner = function.value.id if isinstance(function.value, ast.Name) else ""
        return function.attr, owner
    return getattr(function, "id", ""), ""


def for_writing(node: ast.Call) -> bool:
    modes = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    return any(set(mode) <= set("rwaxbt+") and set(mode) & set("wax+") for mode in modes)


def test_files_are_written_by_one_writer_or_for_a_reason():
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        lines = list(writes(ast.parse(file.read_text(encoding="utf-8"))))
        if lines:
            found[file.relative_to(PACKAGE).as_posix()] = lines
    assert {name: lines for name, lines in found.items() if name not in EXEMPT} == {}
    assert set(EXEMPT) - set(found) == set(), "nothing is written there any more"
