"""What the scripts of the faults work with, and what they write down."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Sequence
from typing import Any

from seg_perception.demo.processes import NodeProcess
from soak.robot import NODE, Channel, Robot

Script = Generator[float, None, None]

PATIENCE_S = 20.0
POLL_S = 0.05


class World:
    """The robot, the node, and the notes of what was done to them.

    Attributes:
        rng: decides what is random.
        pace: length of everything that lasts, 1 is as long as in the field.
        settle_s: in this time a single message goes through the node.
        planted: by stream and reason, messages that the node has to drop for this reason.
        expected_warnings: texts that a warning of the node has to hold.
        back_jumps: of the robot's clock.
        troubles: what the node did not do as it should.
    """

    def __init__(self, robot: Robot, process: NodeProcess, rng: random.Random, pace: float) -> None:
        """Start without any fault."""
        from lifecycle_msgs.srv import ChangeState
        from rcl_interfaces.srv import SetParameters

        self.robot = robot
        self.process = process
        self.rng = rng
        self.pace = pace
        self.settle_s = max(1.0, pace)
        self.planted: dict[str, Counter[str]] = defaultdict(Counter)
        self.expected_warnings: set[str] = set()
        self.back_jumps = 0
        self.troubles: list[str] = []
        create = robot.node.create_client
        self._lifecycle = create(ChangeState, f"{NODE}/change_state")
        self._parameters = create(SetParameters, f"{NODE}/set_parameters")

    def channel(self, kind: str = "") -> Channel:
        """A random sensor of a kind, else of all."""
        fitting = [c for c in self.robot.channels.values() if c.stream.startswith(kind)]
        return self.rng.choice(fitting)

    def until(self, condition: Callable[[], Any], what: str) -> Script:
        """Wait for a condition; one that does not come is a trouble."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline_s:
                self.troubles.append(f"not within {PATIENCE_S:g} s: {what}")
                return
            yield POLL_S

    def change_state(self, transition: str) -> Script:
        """Ask the node for a lifecycle transition."""
        from lifecycle_msgs.msg import Transition
        from lifecycle_msgs.srv import ChangeState

        wanted = Transition(id=getattr(Transition, f"TRANSITION_{transition.upper()}"))
        future = self._lifecycle.call_async(ChangeState.Request(transition=wanted))
        yield from self.until(future.done, f"an answer to {transition}")
        if not (future.done() and future.result().success):
            self.troubles.append(f"{transition} did not succeed")

    def set_parameter(self, name: str, value: Any, *, granted: bool = True) -> Script:
        """Change a parameter, and compare the answer with what it should be."""
        from rcl_interfaces.srv import SetParameters
        from rclpy.parameter import Parameter

        wanted = Parameter(name, value=value).to_parameter_msg()
        future = self._parameters.call_async(SetParameters.Request(parameters=[wanted]))
        yield from self.until(future.done, f"an answer about {name}")
        if not future.done() or future.result().results[0].successful != granted:
            self.troubles.append(
                f"{name}: {value!r} should be {'granted' if granted else 'refused'}"
            )

    def quiet(self, channels: Sequence[Channel]) -> Script:
        """Mute sensors, and wait until the node has worked off what they sent."""
        for channel in channels:
            channel.muted = True
        yield self.settle_s
