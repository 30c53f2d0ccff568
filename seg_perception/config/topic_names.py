"""What ROS 2 accepts as the name of a topic."""

from __future__ import annotations

import re

_PART = r"[A-Za-z_{}][A-Za-z0-9_{}]*"
_NAME = re.compile(rf"(/|~/?)?{_PART}(/{_PART})*")
# rmw leaves 8 of DDS's 256 characters to its own prefixes and suffixes.
_LONGEST = 247


def resolved(name: str, namespace: str = "") -> str:
    """The full name of a topic for a node in a namespace; `~/name` needs the node's own first."""
    outer = "" if name.startswith("/") else namespace
    return "/".join(["", *filter(None, (*outer.split("/"), *name.split("/")))])


def is_topic_name(name: str) -> bool:
    """Whether ROS 2 takes it; ROS 1 takes more, for instance names that begin with digits."""
    return len(name) <= _LONGEST and _NAME.fullmatch(name) is not None
