"""A node waits for an engine that is being built, says so, and never imports what it can't use."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from waiting import wait_until

if TYPE_CHECKING:
    from conftest import MakeBundle
    from seg_perception.inference.tensorrt.conftest import SimulatedMachine

START = """
import sys
import rclpy
from seg_perception.ros.segmentation_node import SegmentationNode

rclpy.init(args=["--ros-args", *sum((["-p", text] for text in sys.argv[1:]), [])])
node = SegmentationNode()
node.trigger_configure()
print(node.state, sorted({"tensorrt", "tensorrt_rtx", "torch"} & set(sys.modules)))
node.trigger_cleanup()
"""


def test_without_a_device_the_node_says_so_in_one_line_and_imports_no_tensorrt(
    make_bundle: MakeBundle, ros_environment: dict[str, str]
) -> None:
    parameters = [
        f"segmentation.bundle:={make_bundle().folder}",
        "cameras:=[front]",
        "camera.front.image_topic:=/front/image",
    ]
    done = subprocess.run(
        [sys.executable, "-c", START, *parameters],
        env={**ros_environment, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "inactive []"
    lines = [line for line in done.stderr.splitlines() if "ONNX Runtime" in line]
    assert len(lines) == 1, done.stderr
    assert re.search(
        r"\[INFO\] .*: tiny 1 \(16x8\), weights under CC0-1\.0: ONNX Runtime \S+, CPU, "
        r"default threads: tiny 1 \(16x8\), loaded in \d+\.\d\d s, 100\.00% equal labels "
        r"on the worst of 1 golden frames; CUDA_VISIBLE_DEVICES hides every NVIDIA device$",
        lines[0],
    )


@pytest.fixture
def make_node(ros_environment: dict[str, str]) -> Iterator[Callable[..., Any]]:
    """A segmentation node of this process, with parameters."""
    import rclpy
    from rclpy.parameter import Parameter

    from seg_perception.ros.segmentation_node import SegmentationNode

    context, nodes = rclpy.Context(), []
    rclpy.init(context=context)

    def make(parameters: dict[str, Any]) -> SegmentationNode:
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        nodes.append(SegmentationNode(context=context, parameter_overrides=overrides))
        return nodes[-1]

    yield make
    for node in nodes:
        node.end()
        node.destroy_node()
    rclpy.shutdown(context=context)


def parameters(bundle: Path, machine: SimulatedMachine, **changes: Any) -> dict[str, Any]:
    return {
        "segmentation.bundle": str(bundle),
        "segmentation.spot_check_period_s": 0.0,
        "tensorrt.cache": str(machine.cache),
        "tensorrt.module": "tensorrt",
        "segmentation.chain": ["tensorrt/fp32", "onnxruntime/CPUExecutionProvider"],
        "cameras": ["front"],
        "camera.front.image_topic": "/front/image",
        **changes,
    }


def configure(node: Any) -> None:
    """Ask until the engine is built, as autostart does."""

    def is_configured() -> bool:
        node.trigger_configure()
        return bool(node.state != "unconfigured")

    wait_until(is_configured, "the engine")


def test_a_node_answers_while_its_engine_is_built_and_takes_it_then(
    make_bundle: MakeBundle,
    machine: SimulatedMachine,
    let_build: Callable[[], None],
    make_node: Callable[..., Any],
) -> None:
    node = make_node(parameters(make_bundle().folder, machine))
    node.trigger_configure()
    assert node.state == "unconfigured"
    assert re.search(r"engine tiny_1_plain_\w+ is being built for \d+ s", node.failure)
    assert node.waiting
    let_build()
    configure(node)
    assert node.state == "inactive"
    assert node.failure == ""
    assert not node.waiting
    assert "tensorrt 10.3.0, Simulated GPU" in node.engine.description
    assert machine.builds == 1


def test_the_status_names_the_engine_that_was_refused(
    make_bundle: MakeBundle, machine: SimulatedMachine, make_node: Callable[..., Any]
) -> None:
    from seg_perception.io.perception_messages import SegmentationStatus
    from seg_perception.ros.status import StatusPublisher

    machine.faults.outputs = lambda _, outputs: {**outputs, "labels": outputs["labels"] * 0}
    node = make_node(parameters(make_bundle().folder, machine))
    configure(node)
    node.trigger_activate()
    (publisher,) = [o for o in node._outputs if isinstance(o, StatusPublisher)]
    status: SegmentationStatus = publisher._make_status([])
    assert status.engine.startswith("ONNX Runtime")
    assert status.engine_state == 2
    (warning,) = status.warnings
    assert warning.startswith("tensorrt/fp32: tensorrt 10.3.0, Simulated GPU, plain: tiny 1")
    assert "failed its self-test: 31.25% equal labels" in warning
    (entry,) = publisher._make_diagnostics(status).status
    assert warning in entry.message


def test_build_only_ends_without_a_subscription(
    make_bundle: MakeBundle, machine: SimulatedMachine, make_node: Callable[..., Any]
) -> None:
    node = make_node(parameters(make_bundle().folder, machine, **{"tensorrt.build_only": True}))
    ended: list[bool] = []
    node.on_built = lambda: ended.append(True)
    configure(node)
    node.trigger_activate()
    assert ended == [True]
    assert [s for s in node.subscriptions if "image" in s.topic_name] == []
    assert list(machine.cache.glob("*.plan"))


def test_a_parameter_of_the_engine_is_read_when_configuring(
    make_bundle: MakeBundle, machine: SimulatedMachine, make_node: Callable[..., Any]
) -> None:
    from rclpy.parameter import Parameter

    node = make_node(parameters(make_bundle().folder, machine))
    configure(node)
    (answer,) = node.set_parameters([Parameter("tensorrt.memory", value="mapped")])
    assert answer.reason == "['tensorrt.memory'] are read when configuring; clean up first"
