"""What is said twice, for pip and for ROS, says the same."""

from __future__ import annotations

import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib import import_module, metadata
from xml.etree import ElementTree as ET

import pytest
from rosbags.typesys import get_types_from_msg

import seg_perception

ROSDEP_KEYS = {
    "jinja2": "python3-jinja2",
    "numpy": "python3-numpy",
    "onnxruntime": "python3-onnxruntime-pip",
    "opencv-python-headless": "python3-opencv",
    "pyyaml": "python3-yaml",
    "rich": "python3-rich",
    "rosbags": "python3-rosbags-pip",
    "typer": "python3-typer",
}


@pytest.fixture
def manifest(repo):
    return ET.parse(repo / "package.xml").getroot()  # noqa: S314  (our own file)


@pytest.fixture
def cmake(repo):
    return (repo / "CMakeLists.txt").read_text(encoding="utf-8")


@pytest.fixture
def setup_cfg(repo):
    parser = configparser.ConfigParser()
    parser.read(repo / "setup.cfg")
    return parser


@pytest.fixture
def nodes(cmake):
    return re.search(r"foreach\(node ([\w ]+)\)", cmake).group(1).split()


def names(lines):
    """Names of requirements, normalised."""
    found = (re.match(r"[\w.-]+", line) for line in lines if not line.startswith("#"))
    return {re.sub(r"[-_.]+", "-", match.group()).lower() for match in found if match}


def requirements(repo, name):
    return names((repo / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines())


def test_one_version(manifest, setup_cfg):
    assert manifest.findtext("version") == seg_perception.__version__
    assert setup_cfg["metadata"]["version"] == "attr: seg_perception.__version__"
    assert metadata.version("seg_perception") == seg_perception.__version__


def test_cmake_builds_every_message(repo, cmake):
    listed = set(re.findall(r'"msg/(\w+\.msg)"', cmake))
    assert listed == {path.name for path in (repo / "msg").glob("*.msg")}


def test_every_executable_has_its_node(repo, nodes):
    for node in nodes:
        tree = ast.parse((repo / "seg_perception" / "ros" / f"{node}.py").read_text("utf-8"))
        functions = [item.name for item in tree.body if isinstance(item, ast.FunctionDef)]
        assert "main" in functions, node


def test_launch_files_start_known_executables(repo, nodes):
    text = "".join(path.read_text("utf-8") for path in (repo / "launch").glob("*.py"))
    own = re.findall(r'package="seg_perception",\s+executable="(\w+)"', text)
    assert own
    assert set(own) <= set(nodes)


def test_manifest_names_every_interface_package_in_use(repo, manifest):
    source = "".join(p.read_text("utf-8") for p in (repo / "seg_perception").rglob("*.py"))
    used = set(re.findall(r'type_name: ClassVar\[str\] = "(\w+)/msg/', source))
    imported = re.compile(r"^\s*(?:from|import) (rclpy|\w+_msgs|\w+_interfaces)\b", re.MULTILINE)
    used |= set(imported.findall(source))
    named = {element.text for element in manifest if element.tag.endswith("depend")}
    optional = {"livox_ros_driver2", "radar_msgs", "vision_msgs"}
    optional |= {"ffmpeg_image_transport_msgs", "foxglove_msgs"}
    assert used - named - optional - {"seg_perception"} == set()


def test_rosdep_keys_and_robot_requirements_cover_what_is_imported(repo, manifest, setup_cfg):
    needed = names(setup_cfg["options"]["install_requires"].splitlines())
    named = {element.text for element in manifest}
    by_rosdep = {name for name, key in ROSDEP_KEYS.items() if key in named}
    assert by_rosdep == set(ROSDEP_KEYS)
    assert needed == by_rosdep | requirements(repo, "robot")


def test_every_requirement_is_pinned(repo, setup_cfg):
    pinned = requirements(repo, "constraints")
    asked = names(setup_cfg["options"]["install_requires"].splitlines())
    for extra in ("sim", "video", "test", "dev", "docs", "bench", "cluster"):
        asked |= requirements(repo, extra)
    assert asked - pinned == set()


@pytest.mark.ros
def test_installed_messages_are_those_of_the_checkout(repo):
    pytest.importorskip("rclpy", reason="rclpy is not installed; run make setup")
    module = import_module("seg_perception.msg")
    for path in (repo / "msg").glob("*.msg"):
        name = f"seg_perception/msg/{path.stem}"
        _, fields = get_types_from_msg(path.read_text(encoding="utf-8"), name)[name]
        generated = getattr(module, path.stem).get_fields_and_field_types()
        assert list(generated) == [field for field, _ in fields]


def test_pip_without_ros_builds_the_python_part(checkout, tmp_path):
    command = ["-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", "out"]
    done = subprocess.run(
        [sys.executable, *command, str(checkout)],
        cwd=tmp_path,
        env={"SEG_PERCEPTION_MSGS": "skip", "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "out").glob("*.whl")
    assert wheel.name == f"seg_perception-{seg_perception.__version__}-py3-none-any.whl"
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert shipped(checkout / "config", "_config") <= packed
    assert shipped(checkout / "msg", "_msg") <= packed
    assert shipped(checkout / "seg_perception" / "bundles", "bundles") <= packed
    templates = checkout / "seg_perception" / "reports" / "templates"
    assert shipped(templates, "reports/templates") <= packed
    assert not [name for name in packed if name.endswith(".so") or "seg_perception/msg/" in name]


@pytest.fixture
def checkout(repo, tmp_path):
    """A copy of the files under version control: a build leaves things beside setup.py."""
    git = shutil.which("git")
    if git is None or not (repo / ".git").exists():
        pytest.skip("this is no git checkout, or git is not installed")
    command = [git, "-c", "safe.directory=*", "ls-files", "-z"]
    done = subprocess.run(command, cwd=repo, capture_output=True, text=True, check=True)
    for name in filter(None, done.stdout.split("\0")):
        if (repo / name).is_file():
            (tmp_path / "checkout" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(repo / name, tmp_path / "checkout" / name)
    return tmp_path / "checkout"


def shipped(folder, data):
    """The names under which a wheel holds a folder's files."""
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {f"seg_perception/{data}/{name}" for name in files}
