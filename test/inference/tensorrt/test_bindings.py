"""Every attribute of TensorRT that the code names is there, or asked for before it is used."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

FILES = ("bindings.py", "network_builder.py", "session.py")
# In these files a variable of this name holds an object of this class.
CLASSES = {
    "trt": "module",
    "builder": "Builder",
    "cache": "ITimingCache",
    "config": "IBuilderConfig",
    "context": "IExecutionContext",
    "engine": "ICudaEngine",
    "error": "ParserError",
    "layer": "ILayer",
    "network": "INetworkDefinition",
    "parser": "OnnxParser",
    "runtime": "Runtime",
    "tensor": "ITensor",
}
ENUMS = ("BuilderFlag", "MemoryPoolType", "NetworkDefinitionCreationFlag")
# Used where something else of the same version was asked for: the flags of weak types, and the
# class of progress monitors.
ASKED_BY_OTHERS = {
    ("ILayer", "precision"),
    ("IBuilderConfig", "progress_monitor"),
    ("module", "IProgressMonitor"),
}
PYTHON = {"__version__", "__init__", "name"}

Named = tuple[str, str]


def owner(node: ast.expr) -> str:
    """The class of what an expression holds; empty where it is not TensorRT's."""
    name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
    if name in ENUMS:
        return str(name)
    return CLASSES.get(name.lstrip("_"), "")


def attributes(tree: ast.AST) -> Iterator[Named]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (found := owner(node.value)):
            yield found, node.attr


def asked(tree: ast.AST) -> Iterator[Named]:
    """What is looked for with `getattr(x, "NAME", None)`, where NAME may be a choice of two."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "getattr":
            found = owner(node.args[0])
            names = [n.value for n in ast.walk(node.args[1]) if isinstance(n, ast.Constant)]
            yield from ((found, n) for n in names if found and str(n)[0].isupper())


@pytest.fixture(scope="module")
def table() -> Any:
    return yaml.safe_load((Path(__file__).parent / "attributes.yaml").read_text())


@pytest.fixture(scope="module")
def trees(repo: Path) -> list[ast.AST]:
    folder = repo / "seg_perception" / "inference" / "tensorrt"
    return [ast.parse((folder / name).read_text()) for name in FILES]


@pytest.fixture(scope="module")
def named(trees: list[ast.AST]) -> set[Named]:
    found = {pair for tree in trees for pair in attributes(tree)}
    return {
        (c, name) for c, name in found if name not in PYTHON or (c, name) == ("ITensor", "name")
    }


def test_the_search_finds_what_stands_there(named: set[Named], trees: list[ast.AST]) -> None:
    assert ("IExecutionContext", "execute_async_v3") in named
    assert ("BuilderFlag", "TF32") in named
    assert ("BuilderFlag", "BF16") in {pair for tree in trees for pair in asked(tree)}
    assert len(named) > 30


def test_what_is_used_outright_is_in_every_version(named: set[Named], table: Any) -> None:
    everywhere = {(c, name) for c, names in table["everywhere"].items() for name in names}
    assert named - everywhere - ASKED_BY_OTHERS == set()


def test_the_table_holds_nothing_that_the_code_does_not_name(
    named: set[Named], trees: list[ast.AST], table: Any
) -> None:
    everywhere = {(c, name) for c, names in table["everywhere"].items() for name in names}
    some = {tuple(name.split(".")) for name in table["some"]}
    assert everywhere | some == named | {pair for tree in trees for pair in asked(tree)}


def test_what_only_some_versions_have_is_asked_for(trees: list[ast.AST], table: Any) -> None:
    some = {tuple(name.split(".")) for name in table["some"]}
    questions = {pair for tree in trees for pair in asked(tree)}
    assert some - questions - ASKED_BY_OTHERS == set()
    versions = set(table["versions"])
    for name, having in table["some"].items():
        assert set(having) < versions, name
    # Each guarded use is in the versions of what is asked in its stead.
    weak = set(table["some"]["BuilderFlag.FP16"])
    assert set(table["some"]["ILayer.precision"]) == weak
    monitor = set(table["some"]["module.IProgressMonitor"])
    assert set(table["some"]["IBuilderConfig.progress_monitor"]) == monitor


@pytest.mark.parametrize("module", ["tensorrt", "tensorrt_rtx"])
def test_the_bindings_that_are_here_have_them(module: str, named: set[Named], table: Any) -> None:
    trt = pytest.importorskip(module, reason=f"{module} is not installed")
    everywhere = {(c, name) for c, names in table["everywhere"].items() for name in names}
    for owner_name, name in named & everywhere:
        holder = trt if owner_name == "module" else getattr(trt, owner_name)
        assert hasattr(holder, name), f"{owner_name}.{name}"
