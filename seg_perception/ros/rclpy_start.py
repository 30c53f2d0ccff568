"""Begins ROS, and says in one sentence why it can't."""

from __future__ import annotations

from collections.abc import Sequence

import rclpy
from rclpy.signals import SignalHandlerOptions

from seg_perception.core.errors import ConfigError

_MENDS = {
    "log directory": "set ROS_LOG_DIR to a folder that can be written to, HOME has none",
    "params file": "check the file after --params-file",
}


def start_ros(arguments: Sequence[str] | None) -> None:
    """Initialise rclpy; signals are left to us.

    Raises:
        ConfigError: ROS refuses its arguments or its surroundings.
    """
    try:
        rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:  # what every error of rclpy's C part is
        # Behind the reason it names lines of its own sources.
        reason = " ".join(str(error).partition(", at /")[0].split())
        mends = (mend for word, mend in _MENDS.items() if word in reason)
        mend = next(mends, "check what follows --ros-args")
        msg = f"ROS can't be started ({reason}); {mend}"
        raise ConfigError(msg) from error
