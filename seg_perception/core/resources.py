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


def config_names(folder: str) -> list[str]:
    """Names of the YAML files of a folder of the shipped `config/`."""
    return sorted(path.stem for path in config_path(folder).glob("*.yaml"))


def named_config(folder: str, name_or_path: str | Path) -> Path:
    """A YAML file by its path, or a shipped one of a folder by its name; it may not exist."""
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml"):
        return path
    return config_path(folder, f"{name_or_path}.yaml")


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
