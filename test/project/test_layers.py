"""The core imports without ROS, torch and inference libraries."""

import subprocess
import sys

import pytest

# Imports every module of the package but the rooms that are named, and prints their number.
PROBE = """
import importlib, pkgutil, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocker())
import seg_perception
names = [module.name for module in pkgutil.walk_packages(
    seg_perception.__path__[:1], "seg_perception.", onerror=lambda name: None)]
names = [name for name in names
         if not any((name + ".").startswith(room + ".") for room in ROOMS)
         and name.rpartition(".")[2] != "__main__"]
for name in names:
    importlib.import_module(name)
print(len(names))
"""
BLOCKED = {"rclpy", "torch", "onnx", "onnxruntime", "tensorrt", "embreex", "cv_bridge"}
BLOCKED |= {"rerun", "open3d"}
ROOMS = {
    "seg_perception.ros",
    "seg_perception.inference.onnx",
    "seg_perception.fitting",
    "seg_perception.importing",
    "seg_perception.open_vocabulary.teachers",
    "seg_perception.teaching",
    "seg_perception.training",
    "seg_perception.msg",
}


def probe(repo, blocked, rooms):
    code = f"BLOCKED, ROOMS = {blocked!r}, {rooms!r}\n{PROBE}"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=repo, capture_output=True, text=True, check=False
    )


def test_core_imports_without_ros_and_inference_libraries(repo):
    done = probe(repo, BLOCKED, ROOMS)
    assert done.returncode == 0, done.stderr
    core = [
        p
        for p in (repo / "seg_perception").rglob("*.py")
        if p.parent.name in ("core", "pipeline", "outputs")
    ]
    assert int(done.stdout) >= len(core) > 0


@pytest.mark.parametrize(("blocked", "culprit"), [("numpy", "numpy"), ("pydantic", "pydantic")])
def test_probe_notices_what_it_blocks(repo, blocked, culprit):
    done = probe(repo, {blocked}, ROOMS)
    assert done.returncode != 0
    assert f"{culprit} is blocked" in done.stderr


def test_nodes_need_rclpy(repo):
    """Else the first test would prove nothing about ROS."""
    done = probe(repo, {"rclpy"}, ROOMS - {"seg_perception.ros"})
    assert "rclpy is blocked" in done.stderr
