"""Which build of torch a machine gets."""

import importlib.util
import sys

import pytest

CPU = "https://download.pytorch.org/whl/cpu"
MIRROR = "https://mirror.invalid/simple"


@pytest.fixture(scope="module")
def torch_build(repo):
    spec = importlib.util.spec_from_file_location("torch_build", repo / "tools" / "torch_build.py")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "torch_build", module)
        spec.loader.exec_module(module)
        yield module


ON_A_CPU = [
    "torch==2.13.0+cpu",
    f"--retries 1 --extra-index-url {CPU} torch==2.13.0+cpu",
]


@pytest.mark.parametrize(
    ("system", "driver", "chosen", "asked"),
    [
        # PyPI's builds for Linux need CUDA's libraries, on x86_64 as on aarch64.
        ("Linux", False, "", ON_A_CPU),
        ("Linux", True, "", ["torch==2.13.0"]),
        # Elsewhere PyPI's build has no CUDA.
        ("Darwin", False, "", ["torch==2.13.0"]),
        ("Windows", False, "", ["torch==2.13.0"]),
        # What a person chose is taken, whatever the machine has.
        ("Linux", False, "pypi", ["torch==2.13.0"]),
        ("Linux", True, "pypi", ["torch==2.13.0"]),
        ("Linux", False, MIRROR, [f"--retries 1 --extra-index-url {MIRROR} torch==2.13.0"]),
        ("Linux", True, CPU, [f"--retries 1 --extra-index-url {CPU} torch==2.13.0"]),
    ],
)
def test_the_build_follows_from_system_driver_and_choice(
    torch_build, system, driver, chosen, asked
):
    sources = torch_build.torch_sources(system, driver=driver, chosen=chosen)
    assert [" ".join(source.arguments("torch==2.13.0")) for source in sources] == asked


@pytest.mark.parametrize(
    ("library", "module", "driver"),
    [(None, False, False), ("libcuda.so.1", False, True), (None, True, True)],
)
def test_a_driver_is_its_library_or_its_module(torch_build, monkeypatch, library, module, driver):
    monkeypatch.setattr(torch_build, "find_library", {"cuda": library}.get)
    monkeypatch.setattr(torch_build.Path, "exists", lambda path: module and "nvidia" in str(path))
    assert torch_build.has_nvidia_driver() is driver


def test_training_pins_torch(torch_build, repo, tmp_path):
    file = repo / "requirements" / "train.txt"
    assert torch_build.torch_requirement(file).startswith("torch==2.")
    (tmp_path / "train.txt").write_text("torch>=2\n")
    with pytest.raises(ValueError, match=r"expected a line torch==VERSION"):
        torch_build.torch_requirement(tmp_path / "train.txt")
