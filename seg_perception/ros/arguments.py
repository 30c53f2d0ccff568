"""Command lines of the bag nodes: their own options beside ROS's."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rclpy.utilities import remove_ros_args


def positive(text: str) -> float:
    """A number above 0.

    Raises:
        argparse.ArgumentTypeError: anything else.
    """
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not value > 0:
        msg = f"expected a number above 0, got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return value


def parse(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> argparse.Namespace:
    """Parse what is left of a command line (program name first) without ROS's arguments."""
    return parser.parse_args(remove_ros_args(list(arguments))[1:])
