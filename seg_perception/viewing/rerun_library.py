"""Rerun, which only some installations have."""

from __future__ import annotations

import os
import sys
from typing import Any

import numpy as np

from seg_perception.core.errors import SegPerceptionError

_NUMPY = 2
_NAMES = ("CoordinateFrame", "TransformAxes3D", "EncodedImage")


def load_rerun() -> tuple[Any, Any]:
    """The module rerun, and that of its layouts.

    Raises:
        SegPerceptionError: it is not installed, or too old.
    """
    try:
        import rerun
        import rerun.blueprint
    except ImportError as error:
        raise SegPerceptionError(_mend(error)) from error
    if missing := [name for name in _NAMES if not hasattr(rerun, name)]:
        version = getattr(rerun, "__version__", "without a version")
        msg = (
            f"view needs Rerun 0.39 or newer, {version} lacks {missing[0]}: "
            "pip install -U 'rerun-sdk>=0.39'"
        )
        raise SegPerceptionError(msg)
    return rerun, rerun.blueprint


def _mend(error: ImportError) -> str:
    if int(np.__version__.partition(".")[0]) < _NUMPY:
        # pip would bring the new one, beside which this machine's ROS 2 can't load its messages.
        return (
            f"view needs Rerun ({error}), which needs numpy 2, and here is {np.__version__}: make "
            "an environment for it with `python3 -m venv`, and install it and this package there"
        )
    return f"view needs Rerun ({error}): pip install 'rerun-sdk>=0.39'"


def expect_display() -> None:
    """Refuse to open a window where there is nothing to open it on.

    Raises:
        SegPerceptionError: there is no display.
    """
    if sys.platform == "linux" and not (os.getenv("DISPLAY") or os.getenv("WAYLAND_DISPLAY")):
        msg = (
            "there is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set): write a file "
            "with --save FILE.rrd, and open it elsewhere with `rerun FILE.rrd`"
        )
        raise SegPerceptionError(msg)
