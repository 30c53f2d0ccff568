"""The project's own files."""

from __future__ import annotations

import configparser
import shutil
import subprocess

import pytest


@pytest.fixture
def setup_cfg(repo):
    parser = configparser.ConfigParser()
    parser.read(repo / "setup.cfg")
    return parser


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
