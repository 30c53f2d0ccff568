"""A ROS graph of its own, on loopback, for every test process."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np
import pytest
import yaml
from waiting import PATIENCE_S, wait_until

from seg_perception.core.types import PointCloud
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io import messages
from seg_perception.io.perception_messages import SegmentationStatus
from seg_perception.io.pointcloud2 import decode_cloud, encode_cloud
from seg_perception.io.transforms import encode_tf

ASK_AGAIN_S = 0.3
ROOT = Path(__file__).resolve().parents[2]
LAST_WORDS_S = 5.0
AGAIN_S = 5.0
rclpy = pytest.importorskip("rclpy", reason="rclpy is not installed; run make setup")


@pytest.fixture
def ros(ros_environment: dict[str, str]) -> Iterator[RosGraph]:
    """This process as a participant of the graph."""
    graph = RosGraph(ros_environment)
    try:
        yield graph
    finally:
        graph.close()


class RosGraph:
    """Nodes of this process, spun in the background, and child processes.

    All of its nodes are one participant of DDS.
    """

    def __init__(self, environment: dict[str, str]) -> None:
        from rclpy.executors import SingleThreadedExecutor

        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.environment = environment
        self._executor = SingleThreadedExecutor(context=self.context)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()
        self._processes: list[Process] = []
        self._nodes: list[Any] = []
        self._apart: list[RosGraph] = []
        self._failure: Exception | None = None

    def node(self, name: str, **options: Any) -> Any:
        return self.add(rclpy.create_node(name, context=self.context, **options))

    def add(self, node: Any) -> Any:
        self._executor.add_node(node)
        self._nodes.append(node)
        return node

    def remove(self, node: Any) -> None:
        """Spin a node no longer."""
        self._executor.remove_node(node)
        if node in self._nodes:
            self._nodes.remove(node)

    def start(self, module: str, *arguments: object) -> Process:
        process = Process(self.environment, module, *arguments)
        self._processes.append(process)
        return process

    def apart(self) -> RosGraph:
        """Nodes of another participant, as of another process, in a thread of their own."""
        self._apart.append(RosGraph(self.environment))
        return self._apart[-1]

    def close(self) -> None:
        failure = self._failure  # what closing itself raises is no fault of a callback
        for graph in self._apart:
            graph.close()
        for process in self._processes:
            process.kill()
        self._executor.shutdown(timeout_sec=2.0)
        self._thread.join(timeout=5.0)
        for node in self._nodes:
            node.destroy_node()
        rclpy.shutdown(context=self.context)
        if failure is not None:
            # What a callback raised ended the executor: the test waited for more in vain.
            raise failure

    def _spin(self) -> None:
        from rclpy.executors import ExternalShutdownException, ShutdownException

        try:
            self._executor.spin()
        except (ExternalShutdownException, ShutdownException):
            return
        except Exception as error:  # noqa: BLE001 (raised by close)
            self._failure = error


class Process:
    """A node of ours in a process of its own."""

    def __init__(self, environment: dict[str, str], module: str, *arguments: object) -> None:
        # Files: a pipe that nobody empties would stop a process that has much to say.
        self._out, self._err = (TemporaryFile() for _ in range(2))  # noqa: SIM115 (closed by kill)
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"seg_perception.ros.{module}", *map(str, arguments)],
            cwd=ROOT,
            env=environment,
            stdout=self._out,
            stderr=self._err,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def status(self, key: str) -> str:
        """A line of /proc/PID/status."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return dict(line.split(":", 1) for line in lines)[key].strip()

    def is_running(self) -> bool:
        return self._process.poll() is None

    def end(self, number: signal.Signals | None = signal.SIGTERM) -> tuple[int, str, str]:
        """Signal it (None: let it end by itself); exit code, standard output and error."""
        if number is not None:
            self._process.send_signal(number)
        code = self._process.wait(timeout=PATIENCE_S)
        return code, *self.said()

    def account(self) -> dict[str, Any]:
        """End a perception node; its summary, whose account must balance."""
        code, out, log = self.end()
        assert code == 0, log
        # The middleware writes its own complaints there, too.
        summary: dict[str, Any] = json.loads([t for t in out.splitlines() if t[:1] == "{"][-1])
        for name, count in summary["streams"].items():
            total = count["published"] + sum(count["dropped"].values()) + count["in_flight"]
            assert count["received"] == total, (name, count)
            assert count["in_flight"] == 0
        return summary

    def kill(self) -> None:
        if self.is_running():
            self._end_soon()
            sys.stdout.writelines(self.said())  # shown where the test failed
        self._out.close()
        self._err.close()

    def _end_soon(self) -> None:
        """Ask it to end, for its account says what became of each message; then end it."""
        self._process.terminate()
        try:
            self._process.wait(timeout=LAST_WORDS_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def said(self) -> tuple[str, str]:
        """Standard output and error until now."""
        return _content(self._out), _content(self._err)


def _content(file: IO[Any]) -> str:
    """What a process wrote; reading moves the place where it writes next, pread does not."""
    size = os.fstat(file.fileno()).st_size
    return os.pread(file.fileno(), size, 0).decode(errors="replace")


WIDTH, HEIGHT = 16, 8


def stripes() -> np.ndarray:
    """uint8 (8, 16, 3): columns 0-4 red, 5-10 green, 11-15 blue; the model says 0, 1, 2."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[:, :5, 0] = image[:, 5:11, 1] = image[:, 11:, 2] = 200
    return image


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory, colour_model: Any) -> Path:
    """A model whose label is the brightest channel, and whose confidence is its value."""
    folder: Path = colour_model.write(tmp_path_factory.mktemp("bundles"), WIDTH, HEIGHT)
    return folder


class Client:
    """Asks a service whose node runs elsewhere.

    A client sees the server before the server sees the client, and an answer that is sent
    until then is lost (rmw_fastrtps waits 100 ms, then gives it up). So something harmless is
    asked again and again, until an answer has come back.

    Args:
        node: who asks.
        service: class of the service.
        name: of the service.
        harmless: a request that changes nothing.
    """

    def __init__(self, node: Any, service: Any, name: str, harmless: Any) -> None:
        self._client = node.create_client(service, name)
        self._name = name
        wait_until(self._client.service_is_ready, f"the service {name}")
        asked: list[Any] = []
        again_s = 0.0

        def is_answered() -> bool:
            nonlocal again_s
            # What waits for a client that is not known yet holds up all that is asked after it.
            if time.monotonic() > again_s:
                asked.append(self.call(harmless))
                again_s = time.monotonic() + ASK_AGAIN_S
            return any(answer.done() for answer in asked)

        wait_until(is_answered, f"an answer of {name}")
        for answer in asked:
            self._client.remove_pending_request(answer)

    def call(self, request: Any) -> Any:
        """The future of an answer."""
        return self._client.call_async(request)

    def ask(self, request: Any) -> Any:
        """The answer."""
        answer = self.call(request)
        wait_until(answer.done, f"an answer of {self._name} to {request}")
        return answer.result()


class Robot:
    """Publishes what a robot's drivers would, and listens to what comes back.

    The camera looks along the robot's x axis, 16 x 8 pixels, focal length 8, centre
    (7.5, 3.5). A point at x = 4, y = 2 (left) is at column 3.5: red, class 0; y = 0 at
    7.5: green, class 1; y = -2 at 11.5: blue, class 2; one behind is out of view.
    """

    POINTS = ((4.0, 2.0, 0.0), (4.0, 0.0, 0.0), (4.0, -2.0, 0.0), (-4.0, 0.0, 0.0))
    LABELS = (0, 1, 2, 255)

    def __init__(self, ros: RosGraph) -> None:
        self.node = ros.node("drivers")
        self.shift_px = 0.0
        self.heard: dict[str, list[Any]] = {}
        self._publishers: dict[str, Any] = {}

    def listen(self, topic: str, type_name: str, depth: int = 100, **qos: Any) -> list[Any]:
        from rclpy.qos import QoSProfile

        from seg_perception.ros.conversions import message_class

        messages = self.heard.setdefault(topic, [])
        profile = QoSProfile(depth=depth, **qos)
        self.node.create_subscription(message_class(type_name), topic, messages.append, profile)
        return messages

    def publisher(self, topic: str, type_name: str, profile: Any = None) -> Any:
        from seg_perception.ros.conversions import message_class
        from seg_perception.ros.qos import output_profile

        if topic not in self._publishers:
            kind = message_class(type_name)
            self._publishers[topic] = self.node.create_publisher(
                kind, topic, profile or output_profile(100)
            )
        return self._publishers[topic]

    def send(self, topic: str, message: Any, profile: Any = None) -> None:
        from seg_perception.ros.conversions import to_ros

        self.publisher(topic, message.type_name, profile).publish(to_ros(message))

    def client(self, service: Any, name: str, harmless: Any) -> Client:
        """A client that is known to its server."""
        return Client(self.node, service, name, harmless)

    def lifecycle(self) -> Client:
        """Changes the state of the perception node."""
        from lifecycle_msgs.msg import Transition
        from lifecycle_msgs.srv import ChangeState

        nothing = ChangeState.Request(transition=Transition(label="no such transition"))
        return self.client(ChangeState, "/perception_node/change_state", nothing)

    def parameters(self) -> Client:
        """Sets parameters of the perception node."""
        from rcl_interfaces.srv import SetParameters

        name = "/perception_node/set_parameters"
        return self.client(SetParameters, name, SetParameters.Request())

    @contextmanager
    def streaming(self, period_s: float, send: Callable[[], None]) -> Iterator[None]:
        """Send from a timer, as drivers do, beside what the test does."""
        timer = self.node.create_timer(period_s, send)
        try:
            yield
        finally:
            timer.cancel()

    def withdraw(self, topic: str) -> None:
        """Its driver is gone; `advertise` brings it back."""
        self.node.destroy_publisher(self._publishers.pop(topic))

    def wait_for_subscribers(self, *topics: str) -> None:
        def missing() -> list[str]:
            return [t for t in topics if not self._publishers[t].get_subscription_count()]

        wait_until(lambda: not missing(), f"subscribers of {topics}")

    def advertise(self) -> None:
        """The usual topics, and the mounting of the camera."""
        from seg_perception.ros.qos import latched_profile, tf_profile

        self.publisher("/front/image_raw", messages.Image.type_name)
        self.publisher("/front/camera_info", messages.CameraInfo.type_name)
        self.publisher("/top/points", messages.PointCloud2.type_name)
        self.publisher("/tf", messages.TFMessage.type_name, tf_profile())
        self.send("/tf_static", self.mounting(), latched_profile(10))

    def mounting(self) -> messages.TFMessage:
        """Where the sensors are on the robot."""
        optical = np.array([[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1.0]])
        return encode_tf(
            [
                StampedTransform("base", "front_optical", 0, optical),
                StampedTransform("base", "top", 0, np.eye(4)),
            ]
        )

    def wait_until_heard(self) -> None:
        self.wait_for_subscribers(
            "/front/image_raw", "/front/camera_info", "/top/points", "/tf", "/tf_static"
        )

    def wait_until_known(self, node: str = "/perception_node") -> None:
        """The node knows of all listeners and publishers that were made here until now.

        A publisher here sees its subscriber before that one sees the publisher, and what a node
        publishes before it knows of a listener never comes. Endpoints become known in the order
        in which they were made, those of a client as well: who is answered is known, with all
        that came before.
        """
        from rcl_interfaces.srv import DescribeParameters

        self.client(DescribeParameters, f"{node}/describe_parameters", DescribeParameters.Request())

    def image(self, stamp_ns: int, pixels: Any = None, **changes: Any) -> messages.Image:
        pixels = stripes() if pixels is None else pixels
        height, width = pixels.shape[:2]
        header = messages.Header.at(stamp_ns, "front_optical")
        message = messages.Image(header, height, width, "rgb8", 0, 3 * width, pixels)
        return replace(message, **changes)

    def camera_info(self, stamp_ns: int, scale: int = 1) -> messages.CameraInfo:
        """Of images with so many times the columns and rows: pixel centres lie at whole numbers."""
        cx, cy = ((c + 0.5) * scale - 0.5 for c in (7.5 + self.shift_px, 3.5))
        k = np.array([8.0 * scale, 0, cx, 0, 8.0 * scale, cy, 0, 0, 1])
        p = np.insert(k, [3, 6, 9], 0.0)
        header = messages.Header.at(stamp_ns, "front_optical")
        return messages.CameraInfo(
            header, HEIGHT * scale, WIDTH * scale, "plumb_bob", np.zeros(5), k, np.eye(3).ravel(), p
        )

    def cloud(self, stamp_ns: int) -> messages.PointCloud2:
        points = np.zeros((1, len(self.POINTS)), [(axis, "<f4") for axis in "xyz"])
        for axis, values in zip("xyz", zip(*self.POINTS, strict=True), strict=True):
            points[axis] = values
        return encode_cloud(PointCloud(points, stamp_ns, "top"))

    def pose(self, stamp_ns: int) -> messages.TFMessage:
        return encode_tf([StampedTransform("odom", "base", stamp_ns, np.eye(4))])

    def step(self, stamp_ns: int, pixels: Any = None) -> None:
        """One image and one cloud of one moment, its camera_info, and where the robot was."""
        for topic, message in self.moment(stamp_ns, pixels).items():
            self.send(topic, message)

    def moment(self, stamp_ns: int, pixels: Any = None) -> dict[str, Any]:
        """The messages of a moment by topic."""
        scale = 1 if pixels is None else pixels.shape[1] // WIDTH
        return {
            "/tf": self.pose(stamp_ns),
            "/front/camera_info": self.camera_info(stamp_ns, scale),
            "/front/image_raw": self.image(stamp_ns, pixels),
            "/top/points": self.cloud(stamp_ns),
        }

    def now_ns(self) -> int:
        return int(self.node.get_clock().now().nanoseconds)


@pytest.fixture
def robot(ros: RosGraph) -> Robot:
    return Robot(ros)


@pytest.fixture
def parameters(tmp_path: Path, bundle: Path) -> Callable[..., Path]:
    """Write a parameter file for one camera and one lidar, with changes."""

    def write(**changes: Any) -> Path:
        values = {
            "cameras": ["front"],
            "camera.front.image_topic": "/front/image_raw",
            "lidars": ["top"],
            "lidar.top.topic": "/top/points",
            "segmentation.bundle": str(bundle),
            "segmentation.threads": 1,
            "transfer.pixel_sigma_px": 0.01,
            "node.status_period_s": 0.2,
            **{key.replace("__", "."): value for key, value in changes.items()},
        }
        values = {key: value for key, value in values.items() if value is not None}
        file = tmp_path / "robot.yaml"
        file.write_text(yaml.safe_dump({"/**": {"ros__parameters": values}}))
        return file

    return write


STEP_NS = 100_000_000


def stamp_of(message: Any) -> int:
    """Stamp of a message (ns)."""
    return messages.stamp_to_ns(message.header.stamp)


class RunningNode:
    """A running node among its sensors.

    Attributes:
        summary, log: what the node printed and logged; there once `account` has ended it.
    """

    def __init__(self, robot: Robot, process: Process, statuses: list[Any]) -> None:
        self.summary: dict[str, Any] = {}
        self.log = ""
        self.robot = robot
        self.process = process
        self.statuses = statuses
        self.labels = robot.listen("/front/semantic/label_image", messages.Image.type_name)
        self.clouds = robot.listen("/top/semantic/points", messages.PointCloud2.type_name)
        robot.wait_until_heard()
        self._told = -1
        wait_until(self._has_camera_info, "the camera_info")
        self.start_ns = robot.now_ns()

    def _has_camera_info(self) -> bool:
        if len(self.statuses) == self._told:
            return False
        if self._told >= 0 and not self.says("front: no camera_info"):
            return True
        # With each status anew: a node that was killed counts as a subscriber for a while.
        self._told = len(self.statuses)
        self.robot.send("/front/camera_info", self.robot.camera_info(self.robot.now_ns()))
        return False

    def says(self, words: str) -> bool:
        """Whether the last status holds these words."""
        return any(words in warning for s in self.statuses[-1:] for warning in s.warnings)

    def received(self) -> set[int]:
        """How many messages the streams with any have taken in, by the last status."""
        return {s.received for status in self.statuses[-1:] for s in status.streams if s.received}

    def last_labels(self) -> list[int]:
        """Of the newest cloud's points."""
        return decode_cloud(self.clouds[-1]).points["label"].reshape(-1).tolist()

    def step(self, number: int, pixels: Any = None) -> None:
        """One moment; waits for its cloud.

        Nothing tells whether the node knows yet of those who listen to it, and what it publishes
        until then is lost: it gets the moment again where no answer comes.
        """
        stamp_ns = self.start_ns + number * STEP_NS
        sent_s = -math.inf

        def came() -> bool:
            nonlocal sent_s
            if time.monotonic() - sent_s > AGAIN_S:
                self.robot.step(stamp_ns, pixels)
                sent_s = time.monotonic()
            return self._has_cloud(stamp_ns)

        wait_until(came, f"the cloud of {stamp_ns}")

    def cloud_of(self, stamp_ns: int) -> None:
        """Wait for the cloud of this stamp."""
        wait_until(lambda: self._has_cloud(stamp_ns), f"the cloud of {stamp_ns}")

    def cloud_since(self, stamp_ns: int) -> None:
        """Wait for a cloud of this stamp or a later one, where the node may leave some out."""
        wait_until(
            lambda: any(stamp_of(cloud) >= stamp_ns for cloud in list(self.clouds)),
            f"a cloud of {stamp_ns} or later",
        )

    def _has_cloud(self, stamp_ns: int) -> bool:
        return stamp_ns in map(stamp_of, list(self.clouds))

    def account(self) -> dict[str, Any]:
        """End the node; its account, which must balance."""
        self.summary = self.process.account()
        self.log = self.process.said()[1]
        streams: dict[str, Any] = self.summary["streams"]
        return streams


@pytest.fixture
def start_node(
    ros: RosGraph, robot: Robot, parameters: Callable[..., Path]
) -> Callable[..., RunningNode]:
    """Start the node among its sensors, with changed parameters."""

    def start(**changes: Any) -> RunningNode:
        statuses = robot.listen("/perception_node/status", SegmentationStatus.type_name)
        statuses.clear()
        robot.advertise()
        file = parameters(**changes)
        process = ros.start("perception_node", "--ros-args", "--params-file", file)
        return RunningNode(robot, process, statuses)

    return start
