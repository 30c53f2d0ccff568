"""The drivers in a process of their own: everything is sent in real time, and written down."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from rclpy.node import Node

from bench.live.rig import TF_HZ, Rig, Stream, pose, stamped, streams
from seg_perception.config.input_topics import TF, TF_STATIC
from seg_perception.core.types import NANOSECONDS
from seg_perception.io.messages import CameraInfo, TFMessage
from seg_perception.io.transforms import encode_tf
from seg_perception.ros.conversions import message_class, to_ros
from seg_perception.ros.qos import latched_profile, output_profile, tf_profile
from seg_perception.ros.runner import StopSignal, parse_own_arguments, run

_PATIENCE_S, _POLL_S = 60.0, 0.05
# Before anything counts: lenses are known, the first label maps are there.
WARM_UP_S = 3.0


class Drivers(Node):
    """Sends serialised messages: what it costs is the same for every system."""

    def __init__(self, rig: Rig) -> None:
        """Advertise everything."""
        super().__init__("drivers")
        self.sent: list[tuple[str, int]] = []
        self._streams = list(streams(rig))
        self._senders = {
            one.topic: self.create_publisher(
                message_class(one.type_name), one.topic, output_profile()
            )
            for one in self._streams
        }
        info = message_class(CameraInfo.type_name)
        self._infos = {
            one.topic: self.create_publisher(info, one.info_topic, output_profile())
            for one in self._streams
            if one.info_topic
        }
        tf = message_class(TFMessage.type_name)
        self._tf = self.create_publisher(tf, TF, tf_profile())
        self._static = self.create_publisher(tf, TF_STATIC, latched_profile(1))
        self._static.publish(to_ros(encode_tf(rig.mounting())))

    @property
    def is_heard(self) -> bool:
        """Whether somebody listens to every sensor."""
        publishers = (*self._senders.values(), *self._infos.values(), self._tf)
        return all(publisher.get_subscription_count() for publisher in publishers)

    def drive(self, seconds: float, stop: StopSignal) -> None:
        """Send everything in its time; a driver that is late goes on from now."""
        begin_s = time.monotonic()
        due = {one.topic: begin_s + one.first_s for one in self._streams}
        turns, tf_due_s = dict.fromkeys(due, 0), begin_s
        while (now_s := time.monotonic()) < begin_s + seconds and not stop.is_set():
            if now_s >= tf_due_s:
                tf_due_s = max(tf_due_s, now_s - 1 / TF_HZ) + 1 / TF_HZ
                self._tf.publish(to_ros(encode_tf([pose(now_s - begin_s, time.time_ns())])))
            for one in self._streams:
                if now_s >= due[one.topic]:
                    due[one.topic] = max(due[one.topic], now_s - one.period_s) + one.period_s
                    turns[one.topic] += 1
                    self._send(one, turns[one.topic])
            time.sleep(max(0.0, min(*due.values(), tf_due_s) - time.monotonic()))

    def _send(self, one: Stream, turn: int) -> None:
        stamp_ns = time.time_ns() - round(one.before_s * NANOSECONDS)
        if one.info:
            self._infos[one.topic].publish(stamped(one.info, stamp_ns))
        data = stamped(one.messages[turn % len(one.messages)], stamp_ns)
        self._senders[one.topic].publish(data)
        self.sent.append((one.topic, stamp_ns))


def main() -> int:
    """Wait for the node, drive, write down what was sent."""
    parser = argparse.ArgumentParser(prog="drivers", description=__doc__)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--cameras", type=int, required=True)
    parser.add_argument("--camera-hz", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parse_own_arguments(parser, sys.argv)

    def job(node: Any, stop: StopSignal) -> int:
        deadline_s = time.monotonic() + _PATIENCE_S
        while not node.is_heard and time.monotonic() < deadline_s:
            stop.wait(_POLL_S)
        node.drive(WARM_UP_S + options.seconds, stop)
        options.log.write_text(json.dumps(node.sent))
        print(json.dumps({"sent": len(node.sent)}), flush=True)
        return 0

    rig = Rig(options.cameras, options.camera_hz)
    return run(lambda: Drivers(rig), job, sys.argv)


if __name__ == "__main__":
    sys.exit(main())
