"""A package of the system that is too old is named before it is imported."""

import os
import subprocess
import sys

import pytest

from seg_perception.core.required_packages import LOWEST, what_is_amiss


@pytest.fixture
def have(tmp_path, monkeypatch):
    """Put a package of some version before all others."""

    def put(name, version):
        folder = tmp_path / f"{name}-{version}.dist-info"
        folder.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (folder / "METADATA").write_text(metadata)
        monkeypatch.syspath_prepend(tmp_path)
        return tmp_path

    return put


@pytest.mark.parametrize("name", LOWEST)
def test_this_environment_has_what_is_needed(name):
    assert what_is_amiss(name) == ""


@pytest.mark.parametrize(("version", "fits"), [("0.9.0", False), ("0.18.9", False), ("0.19", True)])
def test_versions_are_compared_by_number(have, version, fits):
    folder = have("typer", version)
    amiss = f"typer 0.19 or newer, got {version} in {folder}"
    assert what_is_amiss("typer") == ("" if fits else amiss)


def test_a_package_without_a_version_is_taken_when_its_module_is_there(monkeypatch):
    monkeypatch.setitem(LOWEST, "json", (9, 0))
    monkeypatch.setitem(LOWEST, "no_such_package", (1, 2))
    assert what_is_amiss("json") == ""
    assert what_is_amiss("no_such_package") == "no_such_package 1.2 or newer, got none"


@pytest.mark.parametrize("template", ["command", "node"])
def test_the_command_and_a_node_end_in_one_sentence(have, repo, tmp_path, template):
    have("pydantic", "1.8.2")
    have("rich", "11.2.0")
    script = (repo / "cmake" / f"{template}.in").read_text()
    script = script.replace("@PROJECT_NAME@", "seg_perception").replace("@node@", "perception_node")
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{repo}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == (
        f"error: seg_perception needs pydantic 2.7 or newer, got 1.8.2 in {tmp_path}, "
        f"rich 13.3 or newer, got 11.2.0 in {tmp_path}: "
        "pip install -r requirements/robot.txt in its checkout\n"
    )
    assert done.returncode == 2
