"""What is said twice, for pip and for ROS, says the same."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import zipfile
from importlib import import_module, metadata
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from rosbags.typesys import get_types_from_msg

import seg_perception
from seg_perception.core.required_packages import LOWEST

HERE = Path(__file__).parent
DISTRIBUTIONS = yaml.safe_load((HERE / "distributions.yaml").read_text(encoding="utf-8"))
# rosdistro's rosdep/python.yaml: packages of Debian and Ubuntu that are recent enough.
ROSDEP_KEYS = {
    "jinja2": "python3-jinja2",
    "numpy": "python3-numpy",
    "opencv-python-headless": "python3-opencv",
    "pyyaml": "python3-yaml",
}


@pytest.fixture
def manifest(repo):
    return ET.parse(repo / "package.xml").getroot()  # noqa: S314  (our own file)


@pytest.fixture
def cmake(repo):
    return (repo / "CMakeLists.txt").read_text(encoding="utf-8")


@pytest.fixture
def nodes(cmake):
    return re.search(r"foreach\(node ([\w ]+)\)", cmake).group(1).split()


def names(lines):
    """Names of requirements, normalised."""
    found = (re.match(r"[\w.-]+", line) for line in lines if not line.startswith("#"))
    return {normal(match.group()) for match in found if match}


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def bounds(lines):
    """Names of requirements, and the lower bounds that they have."""
    found = (re.match(r"([\w.-]+?)>=([\d.]+)", line) for line in lines)
    matches = filter(None, found)
    lowest = {}
    for match in matches:
        lowest.setdefault(normal(match.group(1)), set()).add(match.group(2))
    return lowest


def number(version):
    return tuple(map(int, version.split(".")))


def requirements(repo, name):
    return names((repo / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines())


def test_one_version(repo, manifest, setup_cfg):
    assert manifest.findtext("version") == seg_perception.__version__
    assert setup_cfg["metadata"]["version"] == "attr: seg_perception.__version__"
    changes = (repo / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[(.+?)\]", changes, re.MULTILINE).group(1)
    assert newest == seg_perception.__version__


def test_the_environment_holds_this_version():
    assert metadata.version("seg_perception") == seg_perception.__version__, "run make setup"


def test_cmake_builds_every_message(repo, cmake):
    listed = set(re.findall(r'"msg/(\w+\.msg)"', cmake))
    assert listed == {path.name for path in (repo / "msg").glob("*.msg")}


def test_every_executable_has_its_node(repo, nodes):
    for node in nodes:
        tree = ast.parse((repo / "seg_perception" / "ros" / f"{node}.py").read_text("utf-8"))
        functions = [item.name for item in tree.body if isinstance(item, ast.FunctionDef)]
        assert "main" in functions, node


def test_launch_files_start_known_executables(repo, nodes, manifest):
    text = "".join(path.read_text("utf-8") for path in (repo / "launch").glob("*.py"))
    started = re.findall(r'package="(\w+)",\s+executable="(\w+)"', text)
    own = {executable for package, executable in started if package == "seg_perception"}
    assert own
    assert own <= set(nodes)
    assert {package for package, _ in started} - {"seg_perception"} <= depends(manifest, "exec")


def depends(manifest, *kinds):
    """What package.xml names for all that it is used for, or for these uses."""
    tags = ["depend", *(f"{kind}_depend" for kind in kinds)]
    return {element.text for tag in tags for element in manifest.iter(tag)}


ROS_PACKAGE = r"(rclpy|cv_bridge|launch|launch_ros|sensor_msgs_py|\w+_msgs|\w+_interfaces)\b"
IMPORTED = re.compile(
    rf"""^\s*(?:from|import)\ {ROS_PACKAGE} | importorskip\("{ROS_PACKAGE}""",
    re.MULTILINE | re.VERBOSE,
)
OPTIONAL = {"livox_ros_driver2", "radar_msgs", "vision_msgs"}
OPTIONAL |= {"ffmpeg_image_transport_msgs", "foxglove_msgs"}


def ros_imports(*folders):
    """What ROS packages the files of folders import."""
    files = [path for folder in folders for path in folder.rglob("*.py")]
    found = IMPORTED.findall("".join(path.read_text("utf-8") for path in files))
    return {plain or skipped for plain, skipped in found} - OPTIONAL - {"seg_perception"}


def test_manifest_names_every_ros_package_in_use(repo, manifest):
    package = repo / "seg_perception"
    source = "".join(path.read_text("utf-8") for path in package.rglob("*.py"))
    messages = set(re.findall(r'type_name: ClassVar\[str\] = "(\w+)/msg/', source))
    used = ros_imports(package, repo / "launch") | (messages - OPTIONAL - {"seg_perception"})
    assert {"rclpy", "cv_bridge", "launch_ros", "sensor_msgs"} <= used
    assert used - depends(manifest, "exec") == set()


def test_manifest_names_what_only_tests_use(repo, manifest):
    used = ros_imports(repo / "test")
    assert "sensor_msgs_py" in used
    assert used - depends(manifest, "exec", "test") == set()


def test_pip_or_rosdep_brings_all_that_is_needed(repo, manifest, setup_cfg):
    needed = names(setup_cfg["options"]["install_requires"].splitlines())
    by_pip = requirements(repo, "robot")
    by_rosdep = {name for name, key in ROSDEP_KEYS.items() if key in depends(manifest, "exec")}
    assert by_rosdep == set(ROSDEP_KEYS)
    assert needed == by_rosdep | by_pip
    # numpy is a package of the system that pip renews where it is too old.
    assert by_rosdep & by_pip == {"numpy"}


def test_pip_asks_for_the_same_versions_with_and_without_ros(repo, setup_cfg):
    wanted = bounds(setup_cfg["options"]["install_requires"].splitlines())
    robot = bounds((repo / "requirements" / "robot.txt").read_text("utf-8").splitlines())
    assert set(robot) == requirements(repo, "robot"), "each has a lower bound"
    assert robot == {name: wanted[name] for name in robot}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_rosdep_brings_no_older_version_than_is_asked_for(name, setup_cfg, repo):
    wanted = bounds(setup_cfg["options"]["install_requires"].splitlines())
    renewed = requirements(repo, "robot")
    for package, version in DISTRIBUTIONS[name]["packages"].items():
        if normal(package) in wanted and normal(package) not in renewed:
            (lowest,) = wanted[normal(package)]
            assert number(version) >= number(lowest), package


def test_every_requirement_is_pinned(repo, setup_cfg):
    pinned = requirements(repo, "constraints")
    asked = names(setup_cfg["options"]["install_requires"].splitlines())
    for extra in (
        "sim",
        "video",
        "view",
        "open3d",
        "test",
        "dev",
        "docs",
        "bench",
        "cluster",
        "teach",
        "odometry",
    ):
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


def shipped(folder, data):
    """The names under which a wheel holds a folder's files."""
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {f"seg_perception/{data}/{name}" for name in files}


def test_what_a_sentence_tells_to_install_can_be_installed(repo):
    places = [repo / "README.md", *(repo / "docs").rglob("*.md"), *(repo / "docker").iterdir()]
    places += (repo / "seg_perception").rglob("*.py")
    text = "".join(path.read_text(encoding="utf-8") for path in places)
    assert not re.findall(r"seg_perception\[\w", text), "the package is on no index"
    files = set(re.findall(r"-[rc] (?:src/seg_perception/)?(requirements/[\w.-]+\.txt)", text))
    assert {"requirements/robot.txt", "requirements/train.txt"} <= files
    assert [file for file in files if not (repo / file).is_file()] == []


def test_what_is_checked_at_the_start_is_what_pip_is_asked_for(setup_cfg):
    wanted = bounds(setup_cfg["options"]["install_requires"].splitlines())
    checked = {name: {".".join(map(str, lowest))} for name, lowest in LOWEST.items()}
    assert checked == {name: wanted[name] for name in LOWEST}
