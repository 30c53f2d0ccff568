"""pip install . : the Python package, and its messages where ROS 2 is at hand.

The messages are built by CMakeLists.txt, the file that colcon uses; the tree which that
installs becomes the wheel's modules and data files. Without ROS 2 the Python part alone
is installed: SEG_PERCEPTION_MSGS=require makes that an error, =skip asks for it.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
NAME = "seg_perception"
sys.path.insert(0, str(HERE / "tools"))

import ament  # noqa: E402  (lies in tools/)

# ROS 2 finds libraries and interfaces through AMENT_PREFIX_PATH, which a sourced
# setup.bash sets; the wheels have nothing that does it.
PTH = (
    "import os, sys; os.environ['AMENT_PREFIX_PATH'] = os.pathsep.join(dict.fromkeys("
    "[*filter(None, os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)), sys.prefix]))\n"
)


def wants_messages() -> bool:
    """Decide whether the messages are built.

    Raises:
        SystemExit: they are required and can't be, or the request is not understood.
    """
    mode = os.environ.get("SEG_PERCEPTION_MSGS", "auto")
    if mode not in ("auto", "require", "skip"):
        sys.exit(f"SEG_PERCEPTION_MSGS: expected auto, require or skip, got {mode!r}")
    lack = ament.missing()
    if mode == "require" and lack:
        sys.exit(f"SEG_PERCEPTION_MSGS=require, but {lack}")
    if mode == "auto" and lack:
        print(f"{NAME}: without messages and nodes, since {lack}", file=sys.stderr)
    return mode != "skip" and not lack


class BuildPy(build_py):
    """Adds config/ and msg/ as package data, and the generated messages."""

    def run(self) -> None:
        """Build the modules, then what CMake makes."""
        super().run()
        editable = getattr(self, "editable_mode", False)
        if not editable:
            for folder in ("config", "msg"):
                data = Path(self.build_lib, NAME, f"_{folder}")
                shutil.copytree(HERE / folder, data, dirs_exist_ok=True)
        if not wants_messages():
            return
        tree = self._build_tree()
        # An editable install leaves the checkout as it is: the generated modules go where
        # the package's extend_path finds them.
        root = self.get_finalized_command("install").install_lib if editable else self.build_lib
        package = next(tree.glob(f"**/{NAME}/msg/__init__.py")).parent.parent
        self._copy_generated(package, Path(root))
        self._add_data_files(tree, package)

    def _build_tree(self) -> Path:
        base = Path(self.get_finalized_command("build").build_temp).resolve() / "rosidl"
        shutil.rmtree(base, ignore_errors=True)
        ament.build(HERE, base, base / "install")
        return base / "install"

    def _copy_generated(self, package: Path, root: Path) -> None:
        shutil.copytree(package / "msg", root / NAME / "msg", dirs_exist_ok=True)
        for library in package.glob("*.so"):
            shutil.copy2(library, root / NAME)
        if sys.prefix != sys.base_prefix:
            (root / f"{NAME}_ros.pth").write_text(PTH, encoding="utf-8")

    def _add_data_files(self, tree: Path, package: Path) -> None:
        folders: dict[str, list[str]] = {}
        for file in sorted(tree.rglob("*")):
            if file.is_file() and package.parent not in file.parents:
                folder = str(file.parent.relative_to(tree))
                folders.setdefault(folder, []).append(os.path.relpath(file, HERE))
        self.distribution.data_files[:] = sorted(folders.items())


class Package(Distribution):
    """A package of one Python and one platform wherever messages were built."""

    def has_ext_modules(self) -> bool:
        """Tell whether the wheel holds compiled code."""
        return wants_messages()

    def has_data(self) -> bool:
        """Make an editable install carry the data files too."""
        return bool(self.data_files)


setup(cmdclass={"build_py": BuildPy}, distclass=Package, data_files=[])
