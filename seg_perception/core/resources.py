"""Where the files that ship with the package lie."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

_PACKAGE = Path(str(files("seg_perception")))


def config_path(*parts: str) -> Path:
    """A file or folder of the shipped `config/`: installed as package data, else the checkout's."""
    installed = _PACKAGE / "_config"
    root = installed if installed.is_dir() else _PACKAGE.parent / "config"
    return root.joinpath(*parts)


def expanded(path: str | Path) -> Path:
    """A path whose `~` is a home; where the system knows of none, the path as it is."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def bundle_path(name: str) -> Path:
    """The folder of a model bundle that ships with the package."""
    return _PACKAGE / "bundles" / name


def message_files() -> list[Path]:
    """The shipped `.msg` files: installed as package data, else the checkout's."""
    installed = _PACKAGE / "_msg"
    root = installed if installed.is_dir() else _PACKAGE.parent / "msg"
    return sorted(root.glob("*.msg"))
