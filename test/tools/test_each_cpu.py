"""A command runs as on every processor that this one can be."""

import importlib.util
import sys

import pytest


@pytest.fixture(scope="module")
def each_cpu(repo):
    spec = importlib.util.spec_from_file_location("each_cpu", repo / "tools" / "each_cpu.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_the_processor_has_is_tried_with_one_thread_and_two(each_cpu):
    found = list(each_cpu.processors(["sse2", "fma", "avx2"]))
    tried = [(v["ATEN_CPU_CAPABILITY"], v["OMP_NUM_THREADS"]) for v in found]
    assert tried == [("default", "1"), ("default", "2"), ("avx2", "1"), ("avx2", "2")]
    assert found[-1]["OPENBLAS_CORETYPE"] == "Haswell"


def test_another_kind_of_processor_has_torchs_plain_kernels(each_cpu):
    assert [v["OMP_NUM_THREADS"] for v in each_cpu.processors(["asimd"])] == ["1", "2"]


def test_the_first_failure_ends_it(each_cpu, tmp_path):
    program = (
        "import os, sys; from pathlib import Path; "
        "Path(sys.argv[1], os.environ['OMP_NUM_THREADS']).touch(); sys.exit(3)"
    )
    assert each_cpu.main([sys.executable, "-c", program, str(tmp_path)]) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["1"]
