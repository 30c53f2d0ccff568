"""Robots that are known: one ROS parameter file each in `config/platforms`."""

from __future__ import annotations

from pathlib import Path

from seg_perception.config import Config
from seg_perception.core.errors import ConfigError
from seg_perception.core.resources import config_path
from seg_perception.core.yaml_document import parse_yaml
from seg_perception.outputs.topics import NODE_NAME

_FOLDER, _VIEWS = "platforms", "rviz"
# What REP 105 calls the frame of a robot.
_BASE_FRAME = "base_link"


def shipped() -> dict[str, Path]:
    """The parameter files that come with the package, by the robot's name."""
    return {path.stem: path for path in sorted(config_path(_FOLDER).glob("*.yaml"))}


def about(path: Path) -> str:
    """The comment at the head of a platform's file, as one line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    head = [line.lstrip("# ") for line in lines[: _first_code_line(lines)]]
    return " ".join(head)


def load(name_or_path: str) -> Config:
    """The configuration of a shipped platform, or of a parameter file of one's own.

    Raises:
        ConfigError: neither a shipped name nor a readable parameter file.
    """
    files = shipped()
    if name_or_path in files:
        return Config.load(files[name_or_path], NODE_NAME)
    if not Path(name_or_path).is_file():
        msg = f"platform {name_or_path!r}: expected one of {list(files)} or a ROS parameter file"
        raise ConfigError(msg)
    return Config.load(name_or_path, NODE_NAME)


def follow_frame(name_or_path: str) -> str:
    """The frame that a view moves with: the shipped view's of a shipped platform, else the base."""
    for name, path in shipped().items():
        if name_or_path == name or _is_copy(Path(name_or_path), path):
            view = parse_yaml(config_path(_VIEWS, f"{name}.rviz").read_text(encoding="utf-8"))
            return str(view["Visualization Manager"]["Views"]["Current"]["Target Frame"])
    return _BASE_FRAME


def _is_copy(path: Path, shipped_file: Path) -> bool:
    """Whether it is the file; the launch files' lies in the share folder, ours in the package."""
    return path.is_file() and path.read_bytes() == shipped_file.read_bytes()


def _first_code_line(lines: list[str]) -> int:
    return next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
