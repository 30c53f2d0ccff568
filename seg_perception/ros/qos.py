"""Quality of service: what the inputs ask for and the outputs offer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

TF_DEPTH = 100
OUTPUT_DEPTH = 5

_RELIABILITY = {
    "reliable": ReliabilityPolicy.RELIABLE,
    "best_effort": ReliabilityPolicy.BEST_EFFORT,
}


def tf_profile() -> QoSProfile:
    """`/tf`: best effort, so that a busy reader never holds up the robot's publishers."""
    return QoSProfile(depth=TF_DEPTH, reliability=ReliabilityPolicy.BEST_EFFORT)


def latched_profile(depth: int = 1) -> QoSProfile:
    """Reliable and kept for late subscribers: `/tf_static`, legends."""
    return QoSProfile(
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL,
    )


def output_profile(depth: int = OUTPUT_DEPTH) -> QoSProfile:
    """Reliable and volatile: matches RViz, recorders and best-effort subscribers alike."""
    return QoSProfile(depth=depth, reliability=ReliabilityPolicy.RELIABLE)


def input_profile(reliability: str, offers: Iterable[ReliabilityPolicy], depth: int) -> QoSProfile:
    """What an input asks for.

    Args:
        reliability: `reliable`, `best_effort`, or `auto`: reliable where every publisher offers it,
            for large messages are lost at best effort.
        offers: the reliability of each publisher now; none counts as reliable.
        depth: messages kept for a callback that is late.
    """
    reliable = all(offer != ReliabilityPolicy.BEST_EFFORT for offer in offers)
    auto = ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT
    return QoSProfile(depth=depth, reliability=_RELIABILITY.get(reliability, auto))


@dataclass(frozen=True)
class InputQos:
    """What an input is told to ask for; `reliability` as in `input_profile`."""

    reliability: str = "auto"
    depth: int = 5
    durability: DurabilityPolicy = DurabilityPolicy.VOLATILE
