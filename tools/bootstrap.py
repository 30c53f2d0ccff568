"""Make the environment in .venv: ROS 2, this package, and what tests and checks need.

    python3 tools/bootstrap.py [--venv .venv] [--ros jazzy|kilted] [--with test] [--with dev]

`make setup` calls it. Where a ROS 2 is sourced, that one is used; elsewhere its wheels are
installed. Each step leaves a stamp of its inputs and is skipped while they are the same.
Standard library only.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterable
from ctypes.util import find_library
from dataclasses import dataclass
from pathlib import Path

from torch_build import has_nvidia_driver, torch_requirement, torch_sources

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
NUMPY1 = str(REQUIREMENTS / "numpy1.txt")
PYTHONS = ((3, 10), (3, 13))
EXTRAS = ("test", "dev", "docs", "train", "teach", "bench", "cluster", "view", "open3d", "odometry")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# What decides how the package and its messages are built.
BUILD_INPUTS = (
    *("setup.py", "setup.cfg", "CMakeLists.txt", "package.xml", "cmake/*", "msg/*", "launch/*"),
    *("tools/ament.py", "requirements/sim.txt", "seg_perception/__init__.py"),
)


@dataclass(frozen=True)
class Environment:
    """The virtual environment that is made.

    Attributes:
        folder: where it lies.
        sourced: the name of the sourced ROS 2, or "" where wheels are installed.
        constraints: arguments for pip that choose the versions.
    """

    folder: Path
    sourced: str
    constraints: tuple[str, ...]

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    def run(self, *command: object) -> None:
        """Run its interpreter, and end with one sentence where that fails."""
        arguments = [str(self.python), *map(str, command)]
        done = subprocess.run(arguments, cwd=ROOT, env=clean_environ(), check=False)
        if done.returncode:
            sys.exit(f"setup stopped: this command failed, see above: {shlex.join(arguments)}")

    def pip(self, *arguments: object) -> None:
        """Install with pip under the constraints."""
        quiet = ("-q", "--no-input", "--disable-pip-version-check")
        self.run("-m", "pip", "install", *quiet, *self.constraints, *arguments)

    def try_pip(self, *arguments: object) -> str:
        """Install with pip; returns what it said if it could not, else ""."""
        command = [self.python, "-m", "pip", "install", "-q", "--no-input", *self.constraints]
        done = subprocess.run(
            [*map(str, command), *map(str, arguments)],
            cwd=ROOT,
            env=clean_environ(),
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stderr if done.returncode else ""

    def imports(self, module: str) -> bool:
        """Whether it has a module."""
        command = [str(self.python), "-c", f"import {module}"]
        done = subprocess.run(command, env=clean_environ(), capture_output=True, check=False)
        return done.returncode == 0


def main() -> None:
    """Make the environment, step by step."""
    arguments = parse()
    check_python()
    sourced = sourced_ros()
    install_system_packages(sourced)
    folder = arguments.venv.absolute()
    create(folder, sourced)
    environment = Environment(folder, sourced, constraints(sourced))
    build_tools = ["setuptools", "wheel"]
    step(environment, "build tools", build_tools, lambda: environment.pip(*build_tools))
    if not sourced:
        install_wheels(environment, arguments.ros)
    install_interfaces(environment, "tf2_msgs")
    install_package(environment, arguments.ros)
    for extra in arguments.extras:
        install_extra(environment, extra)
    if "test" in arguments.extras:
        for package in ("livox_ros_driver2", "vision_msgs"):
            install_interfaces(environment, package)
        install_browser()
    if "open3d" in arguments.extras:
        install_display()


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv")
    parser.add_argument("--ros", default="jazzy")
    parser.add_argument("--with", dest="extras", choices=EXTRAS, action="append", default=[])
    return parser.parse_args()


def check_python() -> None:
    """Refuse a Python that the ROS 2 wheels do not exist for."""
    lowest, highest = PYTHONS
    if not lowest <= sys.version_info[:2] <= highest:
        have = ".".join(map(str, sys.version_info[:2]))
        sys.exit(f"setup needs Python 3.10 to 3.13, got {have}: name one, make PYTHON=python3.12 …")


def sourced_ros() -> str:
    """Name the ROS 2 that is sourced, or "".

    ROS_DISTRO alone is no sign of one: `make ROS_DISTRO=kilted` exports it too.
    """
    name = os.environ.get("ROS_DISTRO", "")
    if not (name and os.environ.get("AMENT_PREFIX_PATH")):
        return ""
    command = [sys.executable, "-c", "import rclpy"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(
            f"ROS 2 {name} is sourced, but {sys.executable} can't import rclpy: call make with the "
            f"Python of that ROS 2 (PYTHON=/usr/bin/python3), or in a shell without it"
            f"\n{done.stderr.strip()}"
        )
    return name


def install_system_packages(sourced: str) -> None:
    """Have compiler, make and headers: by apt as root, else by saying what is missing."""
    wanted = missing_system_packages(sourced)
    if not wanted:
        return
    apt = f"apt-get install -y --no-install-recommends {' '.join(wanted)}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"setup needs system packages; run: sudo {apt}")
    print(f"setup: {apt}", flush=True)
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for command in ("apt-get update -q", apt):
        if subprocess.run(command.split(), env=quiet, check=False).returncode:
            sys.exit(f"setup stopped: this command failed, see above: {command}")


def missing_system_packages(sourced: str) -> list[str]:
    """Name the Debian packages of what is not there."""
    version = sysconfig.get_python_version()
    system = sys.base_prefix == "/usr"
    headers = Path(sysconfig.get_path("include"), "Python.h")
    checks = {
        "gcc": shutil.which("cc"),
        "g++": shutil.which("c++"),
        "make": shutil.which("make"),
        "cmake": shutil.which("cmake") or not sourced,  # the wheels bring their own
        "libc6-dev": Path("/usr/include/stdlib.h").exists(),
        f"python{version}-dev": headers.exists() or not system,
        f"python{version}-venv": succeeds("import ensurepip") or not system,
    }
    return [package for package, found in checks.items() if not found]


def succeeds(code: str) -> bool:
    """Whether this interpreter runs a line of code without an error."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def create(folder: Path, sourced: str) -> None:
    """Make the virtual environment, anew where it was made for another Python or ROS 2."""
    stamp = folder / "stamps" / "environment"
    version = ".".join(map(str, sys.version_info[:3]))
    made_for = f"{sys.base_prefix} {version} {sourced}"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == made_for:
        return
    if folder.exists() and not stamp.parent.is_dir():
        sys.exit(f"{folder} was not made by setup: move it away, or name another: make VENV=…")
    report(f"virtual environment {folder.name} (Python {version})")
    shutil.rmtree(folder, ignore_errors=True)
    stamp.parent.mkdir(parents=True)
    options = ["--system-site-packages"] if sourced else []
    command = [sys.executable, "-m", "venv", *options, str(folder)]
    if subprocess.run(command, env=clean_environ(), check=False).returncode:
        sys.exit("setup stopped: no virtual environment could be made, see above")
    stamp.write_text(made_for, encoding="utf-8")


def constraints(sourced: str) -> tuple[str, ...]:
    """Return pip's constraints: pinned versions, or what goes with the sourced ROS 2."""
    if not sourced:
        return ("-c", str(REQUIREMENTS / "constraints.txt"))
    # Messages that were compiled with numpy 1 can't be imported beside numpy 2.
    old = succeeds("import numpy; assert int(numpy.__version__.split('.')[0]) < 2")
    return ("-c", NUMPY1) if old else ()


def install_wheels(environment: Environment, distribution: str) -> None:
    """Install ROS 2 from its wheels."""
    file = REQUIREMENTS / f"ros-{distribution}.txt"
    if not file.exists():
        sys.exit(f"there are no wheels of ROS 2 {distribution}: source it, or ROS_DISTRO=jazzy")
    title = f"ROS 2 {distribution.capitalize()} wheels"
    step(environment, title, [file], lambda: environment.pip("-r", file), name="ros")


def install_interfaces(environment: Environment, package: str) -> None:
    """Build a package of message types from the underlay where none is installed."""
    source = ROOT / "tools" / "underlay" / package

    def build() -> None:
        if not environment.imports(f"{package}.msg"):
            work = environment.folder / "build" / package
            environment.run(ROOT / "tools" / "ament.py", source, work, environment.folder)
            shutil.rmtree(work.parent)

    inputs = [
        *files(f"tools/underlay/{package}/**/*", "cmake/*", "tools/ament.py"),
        *ros_inputs(environment),
    ]
    step(environment, package, inputs, build)


def install_package(environment: Environment, distribution: str) -> None:
    """Install this package, editable, with its messages."""

    def install() -> None:
        os.environ["SEG_PERCEPTION_MSGS"] = "require"
        environment.pip("--no-build-isolation", "-e", f"{ROOT}[sim]")

    inputs = [*files(*BUILD_INPUTS), *ros_inputs(environment), distribution]
    step(environment, "seg_perception and its messages", inputs, install, name="package")


def install_extra(environment: Environment, extra: str) -> None:
    """Install what tests, checks or training need besides."""
    if extra == "view" and NUMPY1 in environment.constraints:
        report("no Rerun, which needs numpy 2, beside this ROS 2: tests of the viewer will skip")
        return
    file = REQUIREMENTS / f"{extra}.txt"
    if extra == "train":
        install_torch(environment, file)
    step(
        environment,
        f"requirements/{extra}.txt",
        [file],
        lambda: environment.pip("-r", file),
        name=extra,
    )


def install_torch(environment: Environment, file: Path) -> None:
    """Install the build of torch that this machine can use."""
    chosen = os.environ.get("TORCH_INDEX", "")
    sources = torch_sources(platform.system(), driver=has_nvidia_driver(), chosen=chosen)
    requirement = torch_requirement(file)

    def install() -> None:
        said = ""
        for source in sources:
            said = environment.try_pip(*source.arguments(requirement))
            if not said:
                return
        sys.exit(
            f"{said}setup stopped: {requirement} could not be installed, see above. Without an "
            f"NVIDIA driver Linux gets the build for CPUs (0.2 GB); TORCH_INDEX=pypi takes "
            f"PyPI's, with CUDA (3 GB), TORCH_INDEX=ADDRESS another index"
        )

    step(environment, requirement, [requirement, repr(sources)], install, name="torch")


def install_browser() -> None:
    """Have a Chromium for the tests that look at pages; they skip where this may not install it."""
    if any(map(shutil.which, BROWSERS)):
        return
    apt = "apt-get install -y --no-install-recommends chromium"
    if os.geteuid() != 0 or not is_debian():
        report(f"no Chromium: tests that look at pages in a browser will skip; run: sudo {apt}")
        return
    report(apt)
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for command in ("apt-get update -q", apt):
        if subprocess.run(command.split(), env=quiet, check=False).returncode:
            report(f"this command failed, see above: {command}; tests in a browser will skip")
            return


def install_display() -> None:
    """Have what windows need, drawn by the processor; tests skip where this may not install it."""
    wanted = missing_display_packages()
    if not wanted:
        return
    apt = f"apt-get install -y --no-install-recommends {' '.join(wanted)}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        report(f"no {', '.join(wanted)}: tests that need them will skip; run: sudo {apt}")
        return
    report(apt)
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for command in ("apt-get update -q", apt):
        if subprocess.run(command.split(), env=quiet, check=False).returncode:
            report(f"this command failed, see above: {command}; tests with windows will skip")
            return


def missing_display_packages() -> list[str]:
    """Name the Debian packages of what windows need and is not there."""
    checks = {
        "libegl1": find_library("EGL"),
        "libgl1": find_library("GL"),
        "libidn2-0": find_library("idn2"),
        "libusb-1.0-0": find_library("usb-1.0"),
        "libx11-6": find_library("X11"),
        "mesa-vulkan-drivers": any(Path("/usr/share/vulkan/icd.d").glob("lvp_icd*")),
        "xvfb": shutil.which("Xvfb"),
    }
    return [package for package, found in checks.items() if not found]


def is_debian() -> bool:
    """Whether apt has a Chromium: Ubuntu's package of that name only starts a snap."""
    release = Path("/etc/os-release")
    lines = release.read_text(encoding="utf-8").splitlines() if release.exists() else []
    return "ID=debian" in lines and shutil.which("apt-get") is not None


def step(
    environment: Environment,
    title: str,
    inputs: Iterable[Path | str],
    action: Callable[[], None],
    *,
    name: str = "",
) -> None:
    """Do one step, unless its stamp says that it was done with the same inputs."""
    stamp = environment.folder / "stamps" / (name or title.replace(" ", "_"))
    digest = fingerprint([*inputs, *map(Path, environment.constraints[1:])])
    if stamp.exists() and stamp.read_text(encoding="utf-8") == digest:
        return
    report(title)
    began = time.monotonic()
    action()
    stamp.write_text(digest, encoding="utf-8")
    report(f"{title}: {time.monotonic() - began:.0f} s")


def fingerprint(inputs: Iterable[Path | str]) -> str:
    """Return a hash of files and words."""
    digest = hashlib.sha256()
    for item in inputs:
        digest.update(item.read_bytes() if isinstance(item, Path) else item.encode())
    return digest.hexdigest()


def files(*patterns: str) -> list[Path]:
    """The repository's files that match."""
    return [path for pattern in patterns for path in sorted(ROOT.glob(pattern)) if path.is_file()]


def ros_inputs(environment: Environment) -> list[Path | str]:
    """What ROS 2 the messages are built against."""
    stamp = environment.folder / "stamps" / "ros"
    return [environment.sourced, *([stamp] if stamp.exists() else [])]


def clean_environ() -> dict[str, str]:
    """This process's variables, without what the wheels of another environment set."""
    environ = dict(os.environ)
    if environ.pop("_ROS_WHEELS_BOOTSTRAP_COMPLETE", None):
        environ.pop("LD_LIBRARY_PATH", None)
    return environ


def report(line: str) -> None:
    """Say what happens."""
    print(f"setup: {line}", flush=True)


if __name__ == "__main__":
    main()
