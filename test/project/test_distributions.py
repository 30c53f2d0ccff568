"""README's steps by the letter, on each distribution with its own packages."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from seg_perception.io.bag_reader import BagReader
from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.drive import write_bag

HERE = Path(__file__).parent
DISTRIBUTIONS = yaml.safe_load((HERE / "distributions.yaml").read_text(encoding="utf-8"))
LOWEST_PYTHON = "3.10"
# What this environment and its ROS 2 set, and the others do not have.
OF_THIS_ENVIRONMENT = ("PYTHON", "VIRTUAL", "AMENT", "ROS", "_ROS", "COLCON", "CMAKE", "LD_LIBRARY")
LABELLED_SCANS = 10  # a second of the simulated lidar
ROBOT_STEP = re.compile(r"^pip install -r src/seg_perception/\S+", re.MULTILINE)
LAPTOP_STEP = re.compile(r"^pip install \.$", re.MULTILINE)
pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]


@dataclass(frozen=True)
class Installation:
    """An environment of one test.

    Attributes:
        folder: of the virtual environment.
        command: what starts seg-perception.
        pythonpath: where the package lies, or "" where pip installed it.
    """

    folder: Path
    command: tuple[str, ...] = ()
    pythonpath: str = ""

    @property
    def environ(self):
        plain = {k: v for k, v in os.environ.items() if not k.startswith(OF_THIS_ENVIRONMENT)}
        plain["PATH"] = f"{self.folder / 'bin'}{os.pathsep}{plain['PATH']}"
        return plain | ({"PYTHONPATH": self.pythonpath} if self.pythonpath else {})

    def run(self, *command, cwd):
        done = subprocess.run(
            [*map(str, command)],
            cwd=cwd,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{shlex.join(map(str, command))}\n{done.stdout}{done.stderr}"
        return done.stdout

    def pip(self, *arguments, cwd):
        return self.run(self.folder / "bin" / "python", "-m", "pip", *arguments, cwd=cwd)

    def first_hour(self, bag, folder):
        """What README does with a bag; returns the scores, in percent."""
        folder.mkdir()
        assert "evaluate" in self.run(*self.command, "--help", cwd=folder)
        assert "/lidar/top/points" in self.run(*self.command, "inspect", bag, cwd=folder)
        self.run(*self.command, "platform", "new", bag, "-o", "robot.yaml", cwd=folder)
        options = ("-o", "labelled.mcap", "--config", "robot.yaml")
        self.run(*self.command, "replay", bag, *options, cwd=folder)
        with BagReader(folder / "labelled.mcap") as labelled:
            counts = {topic.name: topic.count for topic in labelled.topics}
        assert counts["/lidar/top/semantic/points"] == LABELLED_SCANS
        self.run(*self.command, "evaluate", bag, "-o", "scores", cwd=folder)
        results = json.loads((folder / "scores" / "results.json").read_text(encoding="utf-8"))
        return {
            f"{stream['name']} {metric['key']}": metric["value"]
            for stream in results["streams"]
            for metric in stream["class_mappings"][0]["metrics"]
        }


@pytest.fixture(scope="module")
def bag(tmp_path_factory):
    """A second of the simulated robot, with the truth."""
    path = tmp_path_factory.mktemp("bag") / "tiny.mcap"
    small = {"camera_width": 320, "camera_height": 180, "lidar_beams": 16}
    write_bag(path, SimulationConfig(duration_s=1.0, **small))
    return path


@pytest.fixture(scope="module")
def expected(bag, repo, tmp_path_factory):
    """What this environment scores."""
    here = Installation(Path(sys.prefix), from_checkout(sys.executable), str(repo))
    return here.first_hour(bag, tmp_path_factory.mktemp("here") / "work")


@pytest.fixture
def place(tmp_path):
    """A folder whose environments do not outlive the test."""
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


def interpreter(version):
    """A Python of this version, or a skip."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [shutil.which(f"python{version}"), *pyenv.glob(f"versions/{version}.*/bin/python")]
    for python in filter(None, found):
        # pyenv's stand-ins exist for versions that are not switched on.
        done = subprocess.run([python, "-c", "import venv"], capture_output=True, check=False)
        if done.returncode == 0:
            return str(python)
    pytest.skip(f"Python {version} is not installed here")


def environment(python, folder):
    subprocess.run([python, "-m", "venv", str(folder)], check=True)
    return Installation(folder)


def from_checkout(python):
    """What the command does that colcon installs: cmake/command.in."""
    return str(python), "-m", "seg_perception.cli"


def lay_system(python, packages, place):
    """Put packages where only `system.pth` finds them, as dist-packages lies behind pip's."""
    builder = environment(python, place / "builder")
    # PyYAML 5.4 can't be built beside today's Cython, nor without wheel.
    builder.pip("install", "-q", "setuptools<80", "wheel", cwd=place)
    options = ("install", "-q", "--no-build-isolation", "--target", place / "system")
    builder.pip(*options, *packages, cwd=place)
    return place / "system"


def see(installation, system):
    """Let an environment find what lies in a folder, after its own packages."""
    (site,) = installation.folder.glob("lib/python*/site-packages")
    (site / "system.pth").write_text(f"{system}\n", encoding="utf-8")


def readme_step(repo, pattern):
    found = pattern.findall((repo / "README.md").read_text(encoding="utf-8"))
    assert len(set(found)) == 1, f"README has the step once: {pattern.pattern}, {found}"
    return shlex.split(found[0])


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_a_robot_with_the_distributions_own_packages(name, place, repo, bag, expected):
    distribution = DISTRIBUTIONS[name]
    python = interpreter(distribution["python"])
    own = [f"{package}=={version}" for package, version in distribution["packages"].items()]
    robot = environment(python, place / "env")
    robot.pip("install", "-q", f"pip=={distribution['pip']}", cwd=place)
    see(robot, lay_system(python, own, place))
    (place / "src").mkdir()
    (place / "src" / "seg_perception").symlink_to(repo)

    robot.run(*readme_step(repo, ROBOT_STEP), cwd=place)

    python = robot.folder / "bin" / "python"
    numpy = robot.run(python, "-c", "import numpy; print(numpy.__version__)", cwd=place)
    assert numpy.startswith("1."), "ROS 2's messages there need numpy 1"
    command = from_checkout(python)
    installed = Installation(robot.folder, command, str(repo))
    scores = installed.first_hour(bag, place / "work")
    assert scores == pytest.approx(expected, abs=0.5, nan_ok=True)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_a_laptop_without_ros(name, place, repo, checkout, bag, expected):
    distribution = DISTRIBUTIONS[name]
    laptop = environment(interpreter(distribution["python"]), place / "env")
    laptop.pip("install", "-q", f"pip=={distribution['pip']}", cwd=place)

    laptop.run(*readme_step(repo, LAPTOP_STEP), cwd=checkout)

    installed = Installation(laptop.folder, (str(laptop.folder / "bin" / "seg-perception"),))
    scores = installed.first_hour(bag, place / "work")
    assert scores == pytest.approx(expected, abs=0.5, nan_ok=True)


def test_the_lowest_versions_that_setup_cfg_allows(place, repo, setup_cfg, bag, expected):
    python = interpreter(LOWEST_PYTHON)
    asked = setup_cfg["options"]["install_requires"].strip().splitlines()
    lowest = [re.sub(r">=([\d.]+)(,<[\d.]+)?", r"==\1", line) for line in asked]
    assert all("==" in line for line in lowest), "each requirement has a lower bound"
    bare = environment(python, place / "env")
    see(bare, lay_system(python, lowest, place))
    command = from_checkout(bare.folder / "bin" / "python")
    scores = Installation(bare.folder, command, str(repo)).first_hour(bag, place / "work")
    assert scores == pytest.approx(expected, abs=0.5, nan_ok=True)
