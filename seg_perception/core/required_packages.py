"""Whether the packages that everything imports are there and new enough.

Distributions have older ones, beside which an import fails in words that say nothing to a user.
Standard library only, since command and nodes ask before they import anything else.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec

# As in setup.cfg; those that are called like their module and that no other package replaces.
LOWEST: Mapping[str, tuple[int, int]] = {
    "numpy": (1, 24),
    "pydantic": (2, 7),
    "rich": (13, 3),
    "rosbags": (0, 11),
    "typer": (0, 19),
}
BAD_INPUT = 2


def require_packages() -> None:
    """End with one sentence where a package is missing or too old."""
    lacking = [sentence for name in LOWEST if (sentence := what_is_amiss(name))]
    if lacking:
        sys.stderr.write(
            f"error: seg_perception needs {', '.join(lacking)}: "
            "pip install -r requirements/robot.txt in its checkout\n"
        )
        sys.exit(BAD_INPUT)


def what_is_amiss(name: str) -> str:
    """What is expected of a package and what was found, or ""."""
    wanted = f"{name} {'.'.join(map(str, LOWEST[name]))} or newer"
    try:
        found = distribution(name)
    except PackageNotFoundError:
        # Not everybody who packs a module writes down its version.
        return "" if find_spec(name) else f"{wanted}, got none"
    numbers = re.match(r"(\d+)\.(\d+)", found.version)
    if numbers is None or (int(numbers[1]), int(numbers[2])) >= LOWEST[name]:
        return ""
    return f"{wanted}, got {found.version} in {found.locate_file('')}"
