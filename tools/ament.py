"""Build a package of ROS 2 interfaces with CMake, from a stock ROS 2 or from the PyPI wheels.

Used by setup.py for the package's own messages and by bootstrap.py for the underlay.
Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path


def prefixes() -> list[str]:
    """Where ROS 2 packages lie: what was sourced, then the wheels of this environment."""
    named = [*os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep), sys.prefix]
    index = "share/ament_index/resource_index/packages"
    return [p for p in dict.fromkeys(named) if p and Path(p, index).is_dir()]


def missing() -> str | None:
    """Say what is missing to build interfaces, or None."""
    if not any(Path(p, "share/rosidl_default_generators").is_dir() for p in prefixes()):
        return "no ROS 2 with rosidl_default_generators is sourced or installed here"
    if not _imports("ament_package"):
        version = sysconfig.get_python_version()
        return f"the ROS 2 that is sourced here is for another Python than this {version}"
    tools = [tool for tool in ("cmake", "make", "cc", "c++") if not _which(tool)]
    return f"{', '.join(tools)} not found" if tools else None


def build(source: Path, build_dir: Path, prefix: Path) -> None:
    """Configure, build and install one package.

    Raises:
        SystemExit: CMake or the compiler failed; what they said goes before.
    """
    cmake = _which("cmake") or "cmake"
    options = [
        f"-DCMAKE_INSTALL_PREFIX={prefix}",
        *(f"-D{name}={sys.executable}" for name in ("Python3_EXECUTABLE", "PYTHON_EXECUTABLE")),
        # Libraries find each other from lib/ and from lib/pythonX.Y/site-packages/NAME.
        "-DCMAKE_INSTALL_RPATH=$ORIGIN;$ORIGIN/../../..",
        *(
            "-DSEG_PERCEPTION_SELF_CONTAINED=ON",
            "-DBUILD_TESTING=OFF",
            "-DCMAKE_BUILD_TYPE=Release",
        ),
    ]
    _run([cmake, "-S", str(source), "-B", str(build_dir), *options])
    jobs = f"-j{os.cpu_count() or 1}"
    _run([cmake, "--build", str(build_dir), "--target", "install", jobs])


def _imports(module: str) -> bool:
    """Whether this interpreter has a module where the generators look for it."""
    command = [sys.executable, "-c", f"import {module}"]
    return not subprocess.run(
        command, env=_environment(), capture_output=True, check=False
    ).returncode


def _run(command: list[str]) -> None:
    """Run quietly; show what a command that failed has said."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(command, env=_environment(), text=True, check=False, **streams)
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        sys.exit(f"the messages could not be built: {command[0]} failed, see above")


def _which(tool: str) -> str | None:
    """Find a program beside this interpreter first, as in an activated environment."""
    return shutil.which(tool, path=_path())


def _path() -> str:
    return str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", os.defpath)


def _environment() -> dict[str, str]:
    """Return what CMake and the generators see.

    pip's build isolation hides site-packages with a PYTHONPATH of its own; the
    generators run as this interpreter and need what is installed beside them.
    """
    environment = dict(os.environ, PATH=_path())
    found = os.pathsep.join(prefixes())
    environment["AMENT_PREFIX_PATH"] = environment["CMAKE_PREFIX_PATH"] = found
    name = f"python{sysconfig.get_python_version()}"
    folders = (f"lib/{name}/site-packages", f"local/lib/{name}/dist-packages")
    modules = [Path(p, f) for p in prefixes() if p != sys.prefix for f in folders]
    environment["PYTHONPATH"] = os.pathsep.join(str(m) for m in modules if m.is_dir())
    return environment


if __name__ == "__main__":
    build(*(Path(argument) for argument in sys.argv[1:]))
