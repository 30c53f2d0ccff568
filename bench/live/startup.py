"""`python -m bench.live.startup`: how soon the first label comes, and the node's cost at rest."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from bench.graph.cpu import CpuWatch
from bench.live.rig import Rig, stamped, streams
from seg_perception.config import Config
from seg_perception.core.ros_environment import loopback_environment, reserved_domain_id
from seg_perception.demo.processes import NodeProcess, Nodes, ProcessError, expect_ros
from seg_perception.io.messages import Image
from seg_perception.outputs.topics import CameraTopics

if TYPE_CHECKING:
    from typing_extensions import Self

_NODE = "/perception_node"
_PATIENCE_S, _POLL_S, _IMAGE_PERIOD_S = 60.0, 0.002, 0.05


def main(arguments: Sequence[str] | None = None) -> int:
    """Start the node a few times, with its real engine on the processor; print the medians."""
    options = _parser().parse_args(arguments)
    expect_ros()
    options.folder.mkdir(parents=True, exist_ok=True)
    trials = [run(options.folder, options.rest) for _ in range(options.trials)]
    first_s, idle = (statistics.median(values) for values in zip(*trials, strict=True))
    for trial in trials:
        print(f"first label after {trial[0]:.2f} s, at rest {100 * trial[1]:.1f} % of a core")
    (options.folder / "startup.json").write_text(json.dumps(trials))
    print(f"from configure to the first label: {first_s:.2f} s (aim: 2)")
    print(f"active and without messages: {100 * idle:.1f} % of a core (aim: 2)")
    return 0


def run(folder: Path, rest_s: float) -> tuple[float, float]:
    """One node: seconds from configure to the first label, and cores that it keeps busy at rest.

    Raises:
        ProcessError: the node ended, or never answered.
    """
    rig = Rig(4, 1 / _IMAGE_PERIOD_S)
    values = {**rig.parameters(), "node.autostart": False, "map.enabled": True}
    file = folder / "parameters.yaml"
    file.write_text(yaml.safe_dump({"/**": {"ros__parameters": values}}))
    with reserved_domain_id() as domain, Nodes(loopback_environment(domain), folder) as nodes:
        os.environ.update(loopback_environment(domain))
        node = nodes.start("perception_node", "--ros-args", "--params-file", file)
        with Visitor(rig, Config.from_parameters(values, str(file))) as visitor:
            visitor.wait(node, visitor.finds_node, "the node's services")
            visitor.change("configure", node)
            visitor.change("activate", node)
            first_s = visitor.first_label_s(node)
            visitor.is_sending = False
            watch = CpuWatch(node.pid)
            time.sleep(1.0)
            begin_ns = time.monotonic_ns()
            time.sleep(rest_s)
            end_ns = time.monotonic_ns()
            watch.stop()
        node.stop()
    return first_s, watch.used_s(begin_ns, end_ns) / (1e-9 * (end_ns - begin_ns))


class Visitor:
    """Sends the images of one camera, asks for transitions, and hears the labels.

    Attributes:
        is_sending: whether images come.
    """

    def __init__(self, rig: Rig, config: Config) -> None:
        """Begin to send."""
        import rclpy
        from lifecycle_msgs.srv import ChangeState

        from seg_perception.ros.conversions import message_class
        from seg_perception.ros.qos import output_profile
        from seg_perception.ros.runner import Spinning

        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node("visitor", context=self._context)
        self._camera = next(streams(rig))
        kind = message_class(self._camera.type_name)
        self._images = self._node.create_publisher(kind, self._camera.topic, output_profile())
        self.is_sending, self._configured_s, self._heard_s = True, 0.0, 0.0
        self._node.create_timer(_IMAGE_PERIOD_S, self._send)
        topic = CameraTopics.of(config.cameras[rig.names[0]]).label_image
        label_image = message_class(Image.type_name)
        self._node.create_subscription(label_image, topic, self._hear, output_profile())
        self._lifecycle = self._node.create_client(ChangeState, f"{_NODE}/change_state")
        self._spinning = Spinning(self._node)

    def __enter__(self) -> Self:
        """Spin."""
        self._spinning.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        """Leave."""
        self._spinning.__exit__(*error)
        self._node.destroy_node()
        self._context.try_shutdown()

    def finds_node(self) -> bool:
        """Whether the node can be asked, and will be heard."""
        return bool(self._lifecycle.service_is_ready())

    def change(self, name: str, node: NodeProcess) -> None:
        """Ask for a transition and wait for it."""
        from lifecycle_msgs.msg import Transition
        from lifecycle_msgs.srv import ChangeState

        if name == "configure":
            self._configured_s = time.monotonic()
        asked = self._lifecycle.call_async(ChangeState.Request(transition=Transition(label=name)))
        self.wait(node, asked.done, f"an answer to {name}")
        if not asked.result().success:
            msg = f"{name} failed; see {node.log}"
            raise ProcessError(msg)

    def first_label_s(self, node: NodeProcess) -> float:
        """From the request to configure until the first label image came."""
        self.wait(node, lambda: self._heard_s > 0, "a label image")
        return self._heard_s - self._configured_s

    def wait(self, node: NodeProcess, condition: Callable[[], Any], what: str) -> None:
        """Wait until something holds.

        Raises:
            ProcessError: it does not come, or the node ended.
        """
        deadline_s = time.monotonic() + _PATIENCE_S
        while not condition():
            node.expect_running()
            if time.monotonic() > deadline_s:
                msg = f"not within {_PATIENCE_S:g} s: {what}; see {node.log}"
                raise ProcessError(msg)
            time.sleep(_POLL_S)

    def _send(self) -> None:
        if self.is_sending:
            self._images.publish(stamped(self._camera.messages[0], time.time_ns()))

    def _hear(self, _message: Any) -> None:
        self._heard_s = self._heard_s or time.monotonic()


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m bench.live.startup", description=__doc__)
    made.add_argument("--folder", type=Path, default=Path("runs/bench_startup"))
    made.add_argument("--trials", type=int, default=3)
    made.add_argument("--rest", type=float, default=10.0, help="seconds without messages")
    return made


if __name__ == "__main__":
    sys.exit(main())
