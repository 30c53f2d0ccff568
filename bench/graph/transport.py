"""`python -m bench.graph.transport`: what a large message costs on its way between two processes.

The same messages by UDP, by Fast DDS's own shared memory and by our profile's;
with and without the memory that our nodes keep; and as bytes that are not decoded.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from bench.graph.figures import percentiles
from bench.graph.listener import stamp_of
from seg_perception.core.ros_environment import (
    loopback_environment,
    profile_variables,
    reserved_domain_id,
)
from seg_perception.demo.processes import Nodes
from seg_perception.io.messages import Header, Image, stamp_to_ns
from seg_perception.ros.conversions import message_class, to_ros
from seg_perception.ros.memory import keep_freed_memory
from seg_perception.ros.qos import output_profile
from seg_perception.ros.runner import StopSignal

_TOPIC = "/large"
_RATE_HZ, _COUNT, _WARM_UP = 20, 80, 20
_PATIENCE_S, _POLL_S, _SETTLE_S = 60.0, 0.1, 1.0
_SIZES = {"image of 2 MB": 2_000_000, "cloud of 131,072 points, 6.3 MB": 6_291_456}

_SHM = """<transport_descriptor><transport_id>own_shm</transport_id><type>SHM</type>
</transport_descriptor>"""
_UDP = """<transport_descriptor><transport_id>loopback</transport_id><type>UDPv4</type>
<interfaceWhiteList><address>127.0.0.1</address></interfaceWhiteList></transport_descriptor>"""
_PROFILE = """<?xml version="1.0" encoding="UTF-8" ?>
<dds xmlns="http://www.eprosima.com"><profiles>
<transport_descriptors>{descriptors}</transport_descriptors>
<participant profile_name="bench" is_default_profile="true"><rtps>
<userTransports>{names}</userTransports><useBuiltinTransports>false</useBuiltinTransports>
</rtps></participant>
</profiles></dds>
"""


@dataclass(frozen=True)
class Way:
    """How messages travel.

    Attributes:
        name: in the table.
        profile: text of a Fast DDS profile; empty for the project's own.
        keep: whether both processes keep freed memory.
        raw: whether the receiver leaves the bytes as they are.
    """

    name: str
    profile: str = ""
    keep: bool = True
    raw: bool = False


def ways() -> Iterator[Way]:
    """What is compared; the project's own way comes first."""
    yield Way("our profile")
    yield Way("our profile, freed memory not kept", keep=False)
    yield Way("our profile, bytes not decoded", raw=True)
    yield Way("our profile, bytes not decoded, freed memory not kept", keep=False, raw=True)
    yield Way("Fast DDS's own sizes of shared memory", _profile(_SHM + _UDP, "own_shm", "loopback"))
    yield Way("UDP alone", _profile(_UDP, "loopback"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every way and size; or be one end of a way."""
    options, _ = _parser().parse_known_args(arguments)
    if options.role == "sender":
        return send(options)
    if options.role == "receiver":
        return receive(options)
    options.folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for what, size in _SIZES.items():
        rows = {way.name: measure(way, size, options.folder) for way in ways()}
        found[what] = rows
        print(f"{table(what, rows)}\n", flush=True)
    (options.folder / "transport.json").write_text(json.dumps(found, indent=2))
    return 0


def measure(way: Way, size: int, folder: Path) -> dict[str, Any]:
    """Send messages of one size one way."""
    file = folder / "profile.xml"
    file.write_text(way.profile)
    with reserved_domain_id() as domain:
        variables = loopback_environment(domain)
        if way.profile:
            variables |= dict.fromkeys(profile_variables(), str(file.resolve()))
        flags = [*(["--keep"] if way.keep else []), *(["--raw"] if way.raw else [])]
        with Nodes(variables, folder) as nodes:
            module = "bench.graph.transport"
            receiver = nodes.start(module, "--role", "receiver", *flags)
            sender = nodes.start(module, "--role", "sender", "--size", size, *flags)
            nodes.wait_for(sender, _PATIENCE_S + _COUNT / _RATE_HZ + _PATIENCE_S)
            return sender.report() | receiver.stop()


def table(what: str, rows: dict[str, dict[str, Any]]) -> str:
    """One size as Markdown; ratios are to the first row."""
    columns = ("latency p50 (ms)", "sender's processor time (ms)", "receiver's (ms)")
    lines = [f"| {what} | heard of {_COUNT} | {' | '.join(columns)} |", "|---|---|---|---|---|"]
    first = next(iter(rows.values()))
    keys = ("latency_ms", "sender_ms", "receiver_ms")
    for name, row in rows.items():
        figures = [f"{row[key]:.1f} ({row[key] / first[key]:.2f})" for key in keys]
        lines.append(f"| {name} | {row['heard']} | {' | '.join(figures)} |")
    return "\n".join(lines)


def send(options: argparse.Namespace) -> int:
    """Convert and publish as a node does."""
    node = _node("sender", options)
    publisher = node.create_publisher(message_class(Image.type_name), _TOPIC, output_profile())
    deadline = time.monotonic() + _PATIENCE_S
    while not publisher.get_subscription_count() and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    time.sleep(_SETTLE_S)
    pixels = np.random.default_rng(0).integers(0, 256, options.size, dtype=np.uint8)
    used_s = []
    for _ in range(_COUNT):
        time.sleep(1 / _RATE_HZ)
        start = time.process_time()
        header = Header.at(time.monotonic_ns(), "camera")
        publisher.publish(to_ros(Image(header, 1, options.size, "mono8", 0, options.size, pixels)))
        used_s.append(time.process_time() - start)
    time.sleep(_SETTLE_S)
    print(json.dumps({"sender_ms": 1e3 * float(np.median(used_s[_WARM_UP:]))}), flush=True)
    return 0


def receive(options: argparse.Namespace) -> int:
    """Count, look at the stamps, and at the processor time from message to message."""
    node, stop = _node("receiver", options), StopSignal()
    heard: list[tuple[float, float]] = []

    def take(message: Any) -> None:
        at_ns = time.monotonic_ns()
        stamp_ns = stamp_of(message) if options.raw else stamp_to_ns(message.header.stamp)
        heard.append(((at_ns - stamp_ns) * 1e-6, time.process_time()))

    kind = message_class(Image.type_name)
    node.create_subscription(kind, _TOPIC, take, output_profile(), raw=options.raw)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    while not stop.is_set():
        executor.spin_once(timeout_sec=_POLL_S)
    latencies, moments = zip(*heard[_WARM_UP:], strict=True)
    receiver_ms = 1e3 * float(np.median(np.diff(moments)))
    report = {"heard": len(heard), "latency_ms": percentiles(latencies)[0]}
    print(json.dumps(report | {"receiver_ms": receiver_ms}), flush=True)
    return 0


def _node(name: str, options: argparse.Namespace) -> Any:
    if options.keep:
        keep_freed_memory()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    return rclpy.create_node(name)


def _profile(descriptors: str, *names: str) -> str:
    listed = "".join(f"<transport_id>{name}</transport_id>" for name in names)
    return _PROFILE.format(descriptors=descriptors, names=listed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.graph.transport", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("runs/bench_transport"))
    parser.add_argument("--role", choices=("sender", "receiver"), help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--keep", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--raw", action="store_true", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
