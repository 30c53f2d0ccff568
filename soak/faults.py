"""The faults, each a short script: what to do, and after how many seconds to go on.

A script mends what it broke in `finally`: it may be closed at any wait.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from functools import partial
from typing import Any

from seg_perception.core.types import NANOSECONDS
from soak import sensors
from soak.world import Script, World

# The node looks back 5 s before it says that nothing came, and tells it once a status.
_SILENCE_S = 8.0
_JUMP_NS = 5 * NANOSECONDS


def silent_sensor(world: World) -> Script:
    """A cable is pulled and put back."""
    channel = world.channel()
    try:
        channel.muted = True
        yield _SILENCE_S * world.pace
        if world.pace >= 1:
            world.expected_warnings.add(f"{channel.stream}: no message came")
    finally:
        channel.muted = False


def burst(world: World) -> Script:
    """A driver sends at once what it held back."""
    channel = world.channel()
    now_ns = world.robot.now_ns()
    for number in range(30):
        world.robot.send(channel, sensors.stamped(channel.data, now_ns + number * 1_000_000))
    yield world.settle_s


def duplicates(world: World) -> Script:
    """Every message comes twice, with one stamp."""
    channel = world.channel()
    try:
        channel.copies = 2
        yield 3 * world.pace
    finally:
        channel.copies = 1


def out_of_order(world: World) -> Script:
    """Of two messages the later one comes first."""
    channel = world.channel()
    try:
        channel.swapped = True
        yield 3 * world.pace
    finally:
        channel.swapped = False


def damaged_messages(world: World) -> Script:
    """Every kind of damaged message of one sensor, each when the last is dealt with."""
    channel, account = world.channel(), world.robot.account
    name = channel.stream.partition(".")[2]
    try:
        yield from world.quiet([channel])
        for reason, message in sensors.damaged(world.robot.extent, channel.stream):
            data = sensors.stamped(sensors.cdr(message), world.robot.now_ns())
            before = account.received.get(name, 0)
            world.robot.send(channel, data)
            world.planted[channel.stream][reason] += 1
            yield world.settle_s
            is_done = partial(account.has_worked_off, name, before)
            yield from world.until(is_done, "the end of a damaged message")
    finally:
        channel.muted = False


def no_transforms(world: World) -> Script:
    """Nobody says where the robot is."""
    try:
        world.robot.tf_muted = True
        yield 4 * world.pace
    finally:
        world.robot.tf_muted = False


def late_transforms(world: World) -> Script:
    """Where the robot was is known after the clouds that need it."""
    try:
        world.robot.tf_delay_s = 0.2
        yield 4 * world.pace
    finally:
        world.robot.tf_delay_s = 0.0


def clock_jump(world: World) -> Script:
    """All stamps jump back by 5 s, and later forward again."""
    try:
        world.robot.clock_offset_ns -= _JUMP_NS
        world.back_jumps += 1
        yield 3 * world.pace
    finally:
        world.robot.clock_offset_ns += _JUMP_NS


def other_lens(world: World) -> Script:
    """A zoom: the calibration changes, the size does not."""
    channel = world.channel("camera")
    try:
        for _ in range(4):
            channel.camera_info = world.robot.camera_info(
                channel.stream, focal=world.rng.uniform(0.4, 1.5)
            )
            yield world.pace
    finally:
        channel.camera_info = world.robot.camera_info(channel.stream)


def no_lens(world: World) -> Script:
    """A camera_info of zeros, as uncalibrated drivers send it."""
    channel = world.channel("camera")
    try:
        channel.camera_info = world.robot.camera_info(channel.stream, focal=0.0)
        yield 3 * world.pace
        if world.pace >= 1:
            world.expected_warnings.add("points can't be labelled")
    finally:
        channel.camera_info = world.robot.camera_info(channel.stream)


def other_size(world: World) -> Script:
    """A camera changes its mode: image and calibration become smaller, and large again."""
    channel = world.channel("camera")
    try:
        for scale in (0.5, 1.0):
            yield from world.quiet([channel])
            channel.data = sensors.cdr(sensors.good(world.robot.extent, scale)[channel.stream])
            channel.camera_info = world.robot.camera_info(channel.stream, scale)
            channel.muted = False
            yield 2 * world.pace
    finally:
        channel.data = sensors.cdr(sensors.good(world.robot.extent)[channel.stream])
        channel.camera_info = world.robot.camera_info(channel.stream)
        channel.muted = False


def parameters(world: World) -> Script:
    """Somebody tries parameters while the robot drives: right ones and wrong ones."""
    camera, sensor = world.channel("camera").stream, world.channel().stream
    yield from world.set_parameter("segmentation.min_confidence", 0.9)
    yield from world.set_parameter(f"{camera}.max_rate_hz", 2.0)
    yield from world.set_parameter(f"{sensor}.enabled", value=False)
    yield from world.set_parameter("synchronizer.buffer_size", 3, granted=False)
    yield from world.set_parameter("segmentation.min_confidence", 7.0, granted=False)
    yield 2 * world.pace
    yield from world.set_parameter(f"{sensor}.enabled", value=True)
    yield from world.set_parameter(f"{camera}.max_rate_hz", 0.0)
    yield from world.set_parameter("segmentation.min_confidence", 0.0)


def stopped_process(world: World) -> Script:
    """The node's process does not get a processor for some seconds."""
    try:
        world.process.send(signal.SIGSTOP)
        yield 4 * world.pace
    finally:
        world.process.send(signal.SIGCONT)


def visitor(world: World) -> Script:
    """A subscriber of everything comes, takes nothing, and leaves."""
    guest = Guest(world.robot)
    try:
        yield 4 * world.pace
    finally:
        guest.leave()


def deactivated(world: World) -> Script:
    """An operator deactivates the node while it works, and activates it again."""
    yield from _interrupted(world, ("deactivate",), ("activate",))


def reloaded(world: World) -> Script:
    """The same, and the model is unloaded and loaded."""
    yield from _interrupted(world, ("deactivate", "cleanup"), ("configure", "activate"))


def restarted_driver(world: World) -> Script:
    """A sensor's publishers go and others come; they send when the node listens to them."""
    channel = world.channel()
    try:
        yield from world.quiet([channel])
        world.robot.advertise(channel)
        yield from world.until(lambda: world.robot.is_heard, "a subscription after a restart")
    finally:
        channel.muted = False


FAULTS: tuple[Callable[[World], Script], ...] = (
    *(silent_sensor, burst, duplicates, out_of_order, damaged_messages),
    *(no_transforms, late_transforms, clock_jump, other_lens, no_lens, other_size),
    *(parameters, stopped_process, visitor, deactivated, reloaded, restarted_driver),
)


class Guest:
    """A participant of its own that subscribes pictures and clouds and never looks at them."""

    def __init__(self, robot: Any) -> None:
        """Subscribe."""
        import rclpy

        from seg_perception.io.messages import Image, PointCloud2
        from seg_perception.ros.conversions import message_class
        from seg_perception.ros.qos import output_profile

        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node("guest", context=self._context)
        for topic, types in robot.node.get_topic_names_and_types():
            for type_name in {Image.type_name, PointCloud2.type_name} & set(types):
                if "/semantic/" in topic:
                    self._node.create_subscription(
                        message_class(type_name), topic, _look_away, output_profile(1)
                    )

    def leave(self) -> None:
        """Go without a word."""
        import rclpy

        self._node.destroy_node()
        rclpy.shutdown(context=self._context)


def _look_away(_message: Any) -> None:
    return


def _interrupted(world: World, down: tuple[str, ...], up: tuple[str, ...]) -> Script:
    robot = world.robot
    robot.unsettled = True
    for transition in down:
        yield from world.change_state(transition)
    yield from world.until(lambda: not robot.is_heard_at_all, "the end of the subscriptions")
    robot.unsettled = False
    yield 2 * world.pace
    robot.unsettled = True
    for transition in up:
        yield from world.change_state(transition)
    yield from world.until(lambda: robot.is_heard, "new subscriptions")
    yield world.settle_s
    robot.unsettled = False
