"""`import seg_perception` is light; its names are imported when they are used."""

import subprocess
import sys

import pytest

import seg_perception
from seg_perception import api


def run(code, cwd):
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_the_package_imports_nothing_heavy(repo):
    code = "import sys; before = set(sys.modules); import seg_perception, seg_perception as s; "
    code += "print(sorted(m for m in set(sys.modules) - before if '.' not in m))"
    loaded = run(code, repo)
    assert "numpy" not in loaded
    assert "seg_perception" in loaded
    assert "pydantic" not in loaded


def test_the_names_are_those_of_the_interface(repo):
    assert seg_perception.__all__ == api.__all__
    for name in api.__all__:
        assert getattr(seg_perception, name) is getattr(api, name)
    assert set(api.__all__) < set(dir(seg_perception))


def test_star_and_misspelt_names_behave_as_of_any_module(repo):
    assert run("from seg_perception import *; print(Model.__name__)", repo) == "Model"
    with pytest.raises(AttributeError, match="has no attribute 'Modell'"):
        _ = seg_perception.Modell


def test_the_runtime_is_not_imported_before_a_model_is_made(repo):
    code = "import sys, seg_perception; seg_perception.Camera, seg_perception.read_bag; "
    assert run(code + "print('onnxruntime' in sys.modules)", repo) == "False"
